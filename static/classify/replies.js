// What the server's reply to an answer means, or that there is none, in sentences.
import { Unknown } from "./api.js";
import { isOf } from "./outbox_store.js";

/** Count the others' votes; `counted` has the words for each answer. */
export function votesSentence(others, counted) {
  if (!Object.values(others).reduce((sum, n) => sum + n, 0)) return gettext("You're the first to answer this one.");
  const counts = Object.entries(counted).map(([value, words]) => interpolate(words, { n: others[value] ?? 0 }, true));
  return interpolate(gettext("Others so far: %s."), [counts.join(", ")]);
}

/** The truth about a subject, in the words of the answers: each workflow asks its own question. */
const TRUTHS = {
  yes: { right: gettext("Correct: the answer is yes."), unsure: gettext("The answer is yes."), wrong: gettext("Not quite: the answer is yes.") },
  no: { right: gettext("Correct: the answer is no."), unsure: gettext("The answer is no."), wrong: gettext("Not quite: the answer is no.") },
};

/** Say whether an answer to a gold subject was right, and what is true. */
export function feedbackSentence(feedback, answer) {
  const words = TRUTHS[feedback.truth];
  if (feedback.correct) return words.right;
  return ["yes", "no"].includes(answer) ? words.wrong : words.unsure;
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

/** Say why the server refused an answer or its undo. */
export function refusedSentence(request, reason) {
  const words = request.kind === "undo"
    ? gettext("That answer can't be undone: %s") : gettext("One answer was rejected: %s Your other answers are safe.");
  return interpolate(words, [reason]);
}

/** Count the stored answers of each account that is not signed in; nothing if there are none. */
export function othersSentence(stored, me) {
  const counts = new Map();
  for (const request of stored) {
    if (request.kind !== "classify" || isOf(request, me)) continue;
    const name = request.name ?? gettext("another account");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, n]) => interpolate(ngettext(
    "One answer by %(name)s waits in this browser. It will be sent when %(name)s signs in here.",
    "%(n)s answers by %(name)s wait in this browser. They will be sent when %(name)s signs in here.", n,
  ), { n, name }, true)).join(" ");
}
