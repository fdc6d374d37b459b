// What the server's reply to an answer means, in sentences.

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
