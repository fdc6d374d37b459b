// The answer buttons are off until the next subject is drawn, which takes the focus from them. Whoever answers with the
// keyboard gets it back; after a click it stays away, so that Space still pauses.

let kept = null;

export function switchAnswers(buttons, areOn) {
  const focused = document.activeElement;
  if (!areOn && buttons.includes(focused) && focused.matches(":focus-visible")) kept = focused;
  for (const button of buttons) button.disabled = !areOn;
  if (!areOn) return;
  if (document.activeElement === document.body) kept?.focus({ preventScroll: true });
  kept = null;
}
