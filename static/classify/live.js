// The live example on the front page: one subject that blinks, three answers, and what became of it.
import { Api } from "./api.js";
import { Blink } from "./blink.js";
import { fetchPicture } from "./raw_pixels.js";
import { feedbackSentence, votesSentence } from "./replies.js";
import { uuid } from "./uuid.js";

const LOOK = { stretch: "zscale", colours: "grey", inverted: false, black: 0, white: 1 };

const config = JSON.parse(document.getElementById("live-config").textContent);
const part = (name) => document.querySelector(`[data-live="${name}"]`);
const api = new Api(config.urls);
const buttons = [...document.querySelectorAll("[data-answer]")];

let current = null; // {item, picture, startedAt}
const blink = new Blink((frame, count, paused) => {
  part("pause").textContent = paused ? gettext("Play") : gettext("Pause");
  if (!current) return;
  current.picture.draw(part("canvas"), { ...LOOK, frame, channel: 0 });
  part("frame").textContent = current.picture.planes?.[frame] ?? (count > 1 ? interpolate(gettext("%(frame)s of %(count)s"), { frame: frame + 1, count }, true) : "");
});

function allow(isAllowed) {
  for (const button of buttons) button.disabled = !isAllowed;
}

async function next() {
  const { items: [item], message } = await api.next(1);
  if (!item) {
    part("result").textContent = message;
    return;
  }
  const picture = await fetchPicture(item.subject, config.channels);
  current = { item, picture, startedAt: new Date() };
  part("sample")?.remove();
  part("canvas").hidden = false;
  part("canvas").setAttribute("aria-label", gettext("A candidate, blinking"));
  part("pause").hidden = picture.frames < 2;
  blink.start(picture.frames);
  blink.setStill(false);
  allow(true);
}

async function answer(value) {
  const { item, startedAt } = current;
  allow(false);
  const reply = await api.classify({
    id: uuid(), lease: item.lease, workflow: config.workflow, subject: item.subject.id, answer: value,
    started_at: startedAt.toISOString(), finished_at: new Date().toISOString(),
    device: matchMedia("(pointer: coarse)").matches ? "touch" : "pointer",
    viewport: `${innerWidth}x${innerHeight}`, frames_seen: blink.framesSeen, marks: [],
  });
  const outcome = reply.feedback ? `${feedbackSentence(reply.feedback, value)} ${reply.feedback.reason}` : votesSentence(reply.others, config.counted);
  part("result").textContent = [gettext("Your answer is saved."), outcome, reply.message].filter(Boolean).join(" ");
  part("more").classList.add("primary");
  current = null;
  await next().catch(() => { /* the answer is saved, and the page still leads to the projects */ });
}

/** Without the server the page still leads to the projects; an answer that got lost can be given again. */
function fail(error) {
  part("result").textContent = error.message;
  allow(current !== null);
}

part("pause").addEventListener("click", () => blink.toggle());

for (const button of buttons) button.addEventListener("click", () => answer(button.dataset.answer).catch(fail));
next().catch(fail);
