// Keys work wherever the focus is, except while somebody types, and a held key counts once.
import { digitOf, isOfTheBrowser, keyOf } from "./keymap.js";

const TYPING = "input, select, textarea, [contenteditable]";
const PRESSABLE = "button, a, summary, " + TYPING;

/** Handle key presses on the page by the keymap. */
export function listen(keymap) {
  addEventListener("keydown", (event) => {
    const onControl = event.target.closest(PRESSABLE) !== null;
    if (event.repeat && onControl && (event.key === "Enter" || event.key === " ")) event.preventDefault();
    if (event.repeat || isOfTheBrowser(event)) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if ((event.key === " " || event.key === "Enter") && onControl) return; // they press the control that has the focus
    if (keymap.press(keyOf(event)) || keymap.press(digitOf(event))) event.preventDefault();
  });
}
