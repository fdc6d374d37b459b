// Parts of a row that are folded away wait in templates, behind a button, until they are unfolded. Thousands of forms on a
// page that the desk's rows fill while one scrolls would keep the browser busy for seconds, looking for fields that it could
// fill in; and each <details> has a style sheet of its own, all of which the browser goes through whenever rows arrive.

function unfoldOne(fold) {
  const [details] = fold.querySelector("template").content.children;
  fold.replaceWith(details);
  globalThis.htmx.process(details);
  return details;
}

export function unfold(root) {
  for (const fold of root.querySelectorAll("[data-fold]")) unfoldOne(fold);
}

document.addEventListener("click", ({ target }) => {
  const fold = target.closest("[data-fold]");
  if (!fold) return;
  const summary = unfoldOne(fold).querySelector("summary");
  summary.focus();
  summary.click();
});
