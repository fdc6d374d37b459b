// Parts of a row that are folded away wait as text, behind a button, until they are unfolded. Thousands of forms on a page
// that the desk's rows fill while one scrolls would keep the browser busy for seconds, looking for fields that it could fill
// in; each <details> has a style sheet of its own, all of which the browser goes through whenever rows arrive; and it stops
// to collect garbage for the longer, the more elements there are, those in a <template> among them.

/** Return the elements of a part of this page that waited as text. */
export function parsed(text) {
  return document.createRange().createContextualFragment(text);
}

function unfoldOne(fold) {
  const [details] = parsed(fold.querySelector("script").textContent).children;
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
