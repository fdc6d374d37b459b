// What the server's reply to an answer means, or that there is none, in sentences.
import { Unknown } from "./api.js";

/** Count the others' votes; `counted` has the words for each answer. */
export function votesSentence(others, counted) {
  if (!Object.values(others).reduce((sum, n) => sum + n, 0)) return gettext("You're the first.");
  const counts = Object.entries(counted).map(([value, words]) => interpolate(words, { n: others[value] ?? 0 }, true));
  return interpolate(gettext("Others so far: %s."), [counts.join(", ")]);
}

export function feedbackSentence(feedback, answer) {
  const isYes = feedback.truth === "yes";
  if (feedback.correct) return isYes ? gettext("Correct: a mover.") : gettext("Correct: not a mover.");
  if (!["yes", "no"].includes(answer)) return isYes ? gettext("This one is a mover.") : gettext("This one isn't a mover.");
  return isYes ? gettext("Not quite: this one is a mover.") : gettext("Not quite: this one isn't a mover.");
}

/** Count the answers that wait in this browser, because of the error `why`. */
export function waitingSentence(count, why) {
  const words = why instanceof Unknown ? ngettext(
    "You've been signed out. One answer is saved in this browser and will be sent when you sign in again.",
    "You've been signed out. %s answers are saved in this browser and will be sent when you sign in again.", count,
  ) : ngettext(
    "Can't reach the server. One answer is saved in this browser and will be sent when the connection returns.",
    "Can't reach the server. %s answers are saved in this browser and will be sent when the connection returns.", count,
  );
  return interpolate(words, [count]);
}
