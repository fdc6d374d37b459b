// Preserves a polled part of a page as its reader left it: scroll position, open details and focus.
// Whatever is to stay needs an id. htmx itself keeps the focus, but not on what is folded while it looks.

const HELD = ":is(.table, details)[id]";
const held = new Map(); // state of each element, by id
let focused = ""; // the id of the focused element

function keep({ detail: { target } }) {
  for (const each of target.querySelectorAll(HELD)) {
    held.set(each.id, { open: each.open, left: each.scrollLeft, top: each.scrollTop });
  }
  focused = target.contains(document.activeElement) ? document.activeElement.id : "";
}

function restore({ target }) {
  for (const each of target.querySelectorAll(HELD)) {
    const { open, left, top } = held.get(each.id) ?? {};
    if (open) each.open = true;
    each.scrollTo({ left, top, behavior: "instant" });
  }
  if (focused && document.activeElement === document.body) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

document.addEventListener("htmx:beforeSwap", keep);
document.addEventListener("htmx:afterSwap", restore);
