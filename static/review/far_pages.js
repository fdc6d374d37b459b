// Of a list of thousands, only the pages near the screen are whole. Of each of the others the names stay, at the same
// height: to scroll, to search in the page, and for who listens to it. The browser would stop to collect garbage for the
// longer, the more elements there are.

import { parsed } from "./folds.js";

const desk = document.querySelector(".desk-pages[data-desk]"); // its value: the number of rows that may be whole
const texts = new WeakMap(); // the HTML of pages that are not whole
const BUSY = ".htmx-request, .htmx-swapping, .htmx-settling";
const IN_USE = `:focus, [data-current], [data-viewed], :checked:not(option), details[open], ${BUSY}`;

const isChanged = (field) => field.value !== field.defaultValue;
const isInUse = (page) => page.querySelector(IN_USE) !== null || [...page.querySelectorAll("textarea, input[name=text]")].some(isChanged);

function shorten(page) {
  if (texts.has(page) || isInUse(page)) return;
  const names = [...page.children].map(({ id, ariaLabel: textContent }) => {
    const row = Object.assign(document.createElement("li"), { id, textContent });
    row.toggleAttribute("data-row", true);
    return row;
  });
  texts.set(page, page.innerHTML);
  page.style.height = `${page.offsetHeight}px`;
  page.replaceChildren(...names);
  page.toggleAttribute("data-short", true);
}

function restore(page) {
  if (!texts.has(page)) return;
  page.replaceChildren(parsed(texts.get(page)));
  texts.delete(page);
  page.style.removeProperty("height");
  page.toggleAttribute("data-short", false);
  globalThis.htmx.process(page);
}

/** Return a row as a whole, if it is given. */
export function whole(row) {
  const page = row?.closest("[data-short]");
  if (!page) return row;
  restore(page);
  return document.getElementById(row.id);
}

/** Restore all pages, to do something in each row. */
export function restoreAll() {
  for (const page of document.querySelectorAll("[data-short]")) restore(page);
}

if (desk) {
  const rows = () => [...desk.children].reduce((n, page) => n + page.childElementCount, 0);
  const watch = new IntersectionObserver((entries) => {
    const mayShorten = rows() > Number(desk.dataset.desk);
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) restore(target);
      else if (mayShorten) shorten(target);
    }
  }, { rootMargin: "500% 0%" });
  const watchAll = (nodes) => { for (const node of nodes) if (node.matches?.(".desk")) watch.observe(node); };
  watchAll(desk.children);
  new MutationObserver((changes) => { for (const { addedNodes } of changes) watchAll(addedNodes); }).observe(desk, { childList: true });
}
