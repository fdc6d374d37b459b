// The classify page: shows a subject, takes an answer, shows the next. Everything else is in other files.
import { switchAnswers } from "./answer_buttons.js";
import { Api, Away } from "./api.js";
import { Backoff } from "./backoff.js";
import { Doubts } from "./doubts.js";
import { FollowUp } from "./follow_up.js";
import { KeyList, labelButtons } from "./key_list.js";
import { Keymap } from "./keymap.js";
import { listen } from "./keys.js";
import { LastAnswer } from "./last_answer.js";
import { LineUndo, undoLabel } from "./line_undo.js";
import { Mistake } from "./mistake.js";
import { notice, showMessages } from "./notice.js";
import { hearAnswered, tellAnswered } from "./other_tabs.js";
import { Outbox } from "./outbox.js";
import { pictureActions } from "./picture_keys.js";
import { Progress } from "./progress.js";
import { Queue } from "./queue.js";
import { fetchPicture } from "./raw_pixels.js";
import { offerReader } from "./reader.js";
import { feedbackSentence, othersSentence, refusedSentence } from "./replies.js";
import { Stage } from "./stage.js";
import { showMetadata } from "./subject_metadata.js";
import { UndoHistory } from "./undo_history.js";
import { uuid } from "./uuid.js";
import { Waiting } from "./waiting.js";

const REST = 250; // ms after a picture appears in which a second key press is ignored

const config = JSON.parse(document.getElementById("classify-config").textContent);
const part = (name) => document.querySelector(`[data-part="${name}"]`);
const parts = (...names) => Object.fromEntries(names.map((name) => [name, part(name)]));
const partsOf = (group, ...names) => Object.fromEntries(names.map((name) => [name, part(`${group}-${name}`)]));

const swipes = { up: "undo", ...Object.fromEntries(Object.entries(config.answers).map(([value, { swipe }]) => [swipe, value])) };
const api = new Api(config.urls);
const outbox = await Outbox.open(api, config.workflow, config.me, { sent, refused, waiting });
const reader = `${config.workflow}.${config.me.id}`;
const isSignedOut = config.me.id === null;
const others = othersSentence(outbox.stored, config.me);
const note = new Waiting({ ...parts("waiting"), ...partsOf("waiting", "words", "sign-in") }, isSignedOut ? others : "");
const queue = new Queue((n) => api.next(n), (subject) => fetchPicture(subject, config.channels), () => outbox.classifications.length);
const progress = new Progress(parts("answered", "progress"), notify);
const stage = new Stage(part, config, say);
const doubts = new Doubts(stage, part("notice"));
const last = new LastAnswer(parts("card", "thumbnail", "said", "feedback", "why", "chips", "ask", "talk", "welcome"), config, followUp, notify);
const kinds = new FollowUp(partsOf("kinds", "dialog", "list", "skip", "back"), config);
const mistake = new Mistake(partsOf("mistake", "dialog", "pictures", "truth", "reason", "ok"), rest);
const keymap = new Keymap({
  ...Object.fromEntries(Object.entries(config.answers).map(([value, { hint, keys }]) => [value, { label: hint, keys, run: () => answer(value) }])),
  ...((config.undo_seconds || config.lines) && { undo: { label: undoLabel(config), keys: ["z"], run: undo } }),
  ...(Object.values(config.followUps).flat().length && { kind: { label: gettext("Choose a kind for the last answer"), keys: ["k"], run: () => last.chooseKind() } }),
  talk: { label: gettext("Discuss the last subject"), keys: ["t"], run: talk },
  help: { label: gettext("This help"), keys: ["?"], run: () => part("keys").showModal() },
  ...pictureActions(stage, config),
});
new KeyList(keymap, { list: part("key-list"), reset: part("keys-reset"), dialog: part("keys") });
const lineUndo = new LineUndo(stage, () => readyAt < Infinity, say);
const backoff = new Backoff();
const answers = [...document.querySelectorAll("[data-answer]")];

let current = null; // the {item, picture} on the page, or on its way there
let turn = 0; // counts subjects, so that late results of an earlier one are ignored
let drawn = null; // its picture, loaded
let readyAt = Infinity; // when its answer is accepted
let startedAt = null;
let answered = 0; // on this page
const history = new UndoHistory(part("undo"), config.undo_seconds, reader, lineUndo);
const kept = new Set(outbox.classifications.map(({ id }) => id)); // unsent answers of an earlier page

function say(text) {
  part("status").textContent = text;
}

function notify(text) {
  say(text);
  notice(part("notice"), text);
}

function setState(state) {
  document.body.dataset.state = state;
  switchAnswers(answers, state === "open");
  if (state !== "open") { stage.clear(); readyAt = Infinity; }
  for (const name of ["empty", "broken", "away", "loading"]) part(name).hidden = name !== state;
}

function showProgress() {
  if (queue.progress) progress.show(queue.progress, answered + kept.size);
}

/** Show the next subject, unless one was put back. */
async function advance() {
  const mine = ++turn;
  current = null;
  drawn = null;
  readyAt = Infinity;
  kinds.close();
  part("facts").hidePopover();
  doubts.forget();
  const slow = setTimeout(() => { if (mine === turn && document.body.dataset.state !== "away") setState("loading"); }, 150);
  try {
    const entry = await queue.take();
    backoff.reset();
    if (mine === turn) await open(entry, mine);
    else if (entry) queue.putBack(entry);
  } catch (error) {
    if (mine === turn) fail(error);
  } finally {
    clearTimeout(slow);
  }
  showProgress();
}

async function open(entry, mine) {
  current = entry;
  if (entry) await show(entry, mine);
  else showEmpty();
}

async function show(entry, mine) {
  const picture = await entry.picture.catch(() => null); // said below
  if (mine !== turn) return;
  if (!picture) {
    setState("broken");
    return;
  }
  drawn = picture;
  setState("open");
  stage.show(drawn, entry.item.subject, entry.marks);
  showMetadata(part("facts"), entry.item.subject);
  startedAt = new Date();
  rest();
}

/** Ignore presses for a moment, since they may be meant for what was shown before. */
function rest() {
  if (current && drawn) readyAt = performance.now() + REST;
}

function showEmpty() {
  setState("empty");
  part("empty-why").textContent = queue.message;
  const left = queue.leftOut;
  part("left-out").hidden = !left;
  part("left-out-why").textContent = interpolate(ngettext(
    "One image failed to load and was skipped.", "%s images failed to load and were skipped.", left,
  ), [left]);
}

function fail(error) {
  if (error instanceof Away) setTimeout(lookAfterAll, error.after ?? backoff.next());
  else part("away-why").textContent = error.message;
  setState("away");
}

/** Look for a subject again, unless one is loading or shown. */
function look() {
  if (!current) advance();
}

function lookAfterAll() {
  if (document.body.dataset.state === "away") look();
}

function answer(value) {
  if (!current || performance.now() < readyAt) return;
  kinds.close();
  const doubt = doubts.about(value);
  if (doubt) {
    notify(doubt);
  } else if (config.asksFirst && config.followUps[value].length) {
    kinds.ask(value, (choice) => submit(value, choice));
  } else {
    submit(value);
  }
}

function submit(value, choice = "") {
  readyAt = Infinity;
  const { item } = current;
  const classification = {
    id: uuid(),
    lease: item.lease,
    workflow: config.workflow,
    subject: item.subject.id,
    answer: value,
    follow_up: choice,
    started_at: startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    device: matchMedia("(pointer: coarse)").matches ? "touch" : "pointer",
    viewport: `${innerWidth}x${innerHeight}`,
    frames_seen: stage.blink.framesSeen,
    marks: value === "no" ? [] : stage.marks.sent,
  };
  current.marks = stage.marks.sent; // undo restores them
  history.add(current, classification);
  answered += 1;
  last.show(classification, drawn, stage.look, stage.bestFrame());
  part("answers").dataset.rests = ""; // so that no button stays lit on the next subject
  say(config.answers[value].announced);
  outbox.classify(classification);
  tellAnswered(config.workflow, item.subject.id);
  advance();
}

function answeredElsewhere(subject) {
  queue.skip(subject);
  if (current?.item.subject.id !== subject) return;
  notify(gettext("You answered the last one in another tab."));
  advance();
}

function undo() {
  if (lineUndo.take()) return;
  const step = history.newest;
  if (!step) return;
  if (history.timeLeft(step) < 0) {
    notify(interpolate(gettext("You can undo an answer for %s seconds; it's too late for that one."), [config.undo_seconds]));
    return;
  }
  history.removeNewest();
  answered -= 1;
  outbox.undo(step.classification.id);
  if (current) {
    if (readyAt < Infinity) current.marks = stage.marks.lines; // else the lines belong to another subject
    queue.putBack(current);
  }
  if (!step.entry.picture) queue.retry(step.entry);
  queue.putBack(step.entry);
  last.hide();
  say(gettext("Answer undone."));
  advance();
}

function followUp(id, choice) {
  outbox.followUp(id, choice);
  say(choice ? interpolate(gettext("Saved: %s."), [config.classes[choice]?.name ?? choice]) : gettext("The kind is removed."));
}

function talk() {
  if (part("talk").hasAttribute("href")) part("talk").click();
  else notify(gettext("Answer a subject first, then discuss it."));
}

function sent(request, reply) {
  if (request.kind !== "classify") return;
  if (kept.delete(request.id) && queue.progress && !reply.replayed && reply.accepted) answered += 1; // a replay is among the server's
  showProgress();
  if (last.shows(request.body)) explain(request.body, reply);
}

function explain(classification, reply) {
  last.explain(classification, reply);
  const { feedback: known } = reply;
  if (known && !known.correct && ["yes", "no"].includes(classification.answer)) {
    mistake.show(last.picture, last.look, known, feedbackSentence(known, classification.answer));
  }
  if (!reply.accepted) say(reply.message);
  if (reply.feedback && part("feedback").textContent) say(part("feedback").textContent);
}

function refused(request, sentence) {
  kept.delete(request.id);
  notify(refusedSentence(request, sentence));
}

function waiting(count, why) {
  note.show(count, why);
  if (count === 0) lookAfterAll();
}

function listenToButtons() {
  document.addEventListener("click", (event) => {
    if (event.detail > 0 && !event.target.closest("dialog")) event.target.closest("button, .talk")?.blur(); // so that space blinks
  });
  for (const button of answers) button.addEventListener("click", () => answer(button.dataset.answer));
  part("answers").addEventListener("pointermove", () => { delete part("answers").dataset.rests; });
  part("undo").addEventListener("click", undo);
  part("swipe").checked = stage.choices.swipe;
  part("swipe").addEventListener("change", () => stage.choices.set({ swipe: part("swipe").checked }));
  part("pictures").addEventListener("swipe", (event) => keymap.actions[swipes[event.detail]]?.run());
  part("again").addEventListener("click", () => { setState("loading"); look(); });
  part("look").addEventListener("click", look);
  part("leave").addEventListener("click", () => { queue.leaveOut(current); advance(); });
  part("bring-back").addEventListener("click", () => { queue.bringBack(); look(); });
  part("reload").addEventListener("click", () => { queue.retry(current); setState("loading"); show(current, ++turn); });
  part("help").addEventListener("click", () => part("keys").showModal());
}

listenToButtons();
showMessages(part("notice"), isSignedOut ? "" : others);
offerReader(config.reader, reader);
listen(keymap);
keymap.listen(() => labelButtons(keymap));
addEventListener("online", lookAfterAll);
hearAnswered(config.workflow, answeredElsewhere);
for (const subject of [...outbox.classifications.map((each) => each.subject), ...history.subjects]) queue.skip(subject);
setState("loading");
await outbox.flush(); // first, so that the server's first count includes what it gets now
advance();
