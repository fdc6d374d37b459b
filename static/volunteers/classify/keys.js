// Keys work wherever the focus is, except while somebody types, and a held key counts once.

const TYPING = "input, select, textarea, [contenteditable]";
const PRESSABLE = "button, a, summary, " + TYPING;

/** Call `actions[key]()` for a key pressed in the page; letters are given in lower case, arrows with Shift as "Shift+ArrowLeft". */
export function listen(actions) {
  addEventListener("keydown", (event) => {
    const onControl = event.target.closest(PRESSABLE) !== null;
    if (event.repeat && onControl && (event.key === "Enter" || event.key === " ")) event.preventDefault();
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if (event.key === " " && onControl) return; // space presses the control that has the focus
    const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
    const action = actions[key.length === 1 ? key.toLowerCase() : key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
