// Forms that are folded away wait in templates until they are unfolded: thousands of forms on a page that the desk's rows
// fill while one scrolls would keep the browser busy for seconds, looking for fields that it could fill in.

export function unfold(root) {
  for (const template of root.querySelectorAll("template[data-fold]")) {
    const parts = [...template.content.children];
    template.replaceWith(template.content);
    for (const part of parts) globalThis.htmx.process(part);
  }
}

document.addEventListener("toggle", ({ target }) => unfold(target), true);
