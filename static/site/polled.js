// A part of a page that is asked for anew stays as its reader left it: scrolled and unfolded, the focus where it was.
// Whatever is to stay needs an id. htmx itself keeps the focus, but not on what is folded while it looks.

const HELD = ":is(.table, details)[id]";
const held = new Map(); // how each was left, by id
let focused = ""; // the id of what had the focus

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
