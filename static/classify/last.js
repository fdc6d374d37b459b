// The answer just given: undo, "what else is it?", and, once the server has replied, the truth of a training
// subject, how others voted, why this subject was shown, and where people talk about it. It sits beside the next
// picture and blocks nothing.

import { heart, tell } from "./heart.js";

const REASONS = {
  new: gettext("Next in the queue"),
  uncertain: gettext("The model was uncertain"),
  diverse: gettext("The model was uncertain, and this one is unlike the others it asks about"),
  vote: gettext("One more answer helps most here: the model and the volunteers aren't sure yet"),
  positive: gettext("The model thinks that this is a mover, and needs people to check"),
  random: gettext("Picked at random, as a quality check"),
  training: gettext("Practice image"),
};
const FLAG = "flag"; // the follow-up that says so

function votesSentence(votes, answer, answers) {
  const others = { ...votes, [answer]: Math.max(0, (votes[answer] ?? 0) - 1) };
  const total = Object.values(others).reduce((sum, n) => sum + n, 0);
  if (!total) return gettext("You're the first to answer.");
  const counts = Object.entries(answers).map(([value, { counted }]) => interpolate(counted, { n: others[value] ?? 0 }, true));
  return interpolate(gettext("Others so far: %s."), [counts.join(", ")]);
}

function modelSentence(pReal) {
  return pReal == null ? "" : interpolate(gettext("Model: %s yes"), [`${Math.round(100 * pReal)} %`]);
}

function feedbackSentence(feedback, answer) {
  const isYes = feedback.truth === "yes";
  if (feedback.correct) return isYes ? gettext("Correct: a mover.") : gettext("Correct: not a mover.");
  if (!["yes", "no"].includes(answer)) return isYes ? gettext("This one is a mover.") : gettext("This one isn't a mover.");
  return isYes ? gettext("Not quite: this one is a mover.") : gettext("Not quite: this one isn't a mover.");
}

/** Circle the object in the first frame; its pixels count from the bottom, a canvas from the top. */
function circle(canvas, { circle: places = [], radius }) {
  if (!places.length) return;
  const [x, y] = places[0];
  const context = canvas.getContext("2d");
  for (const [colour, width] of [["#000", 0.07], ["#ffd166", 0.035]]) {
    context.beginPath();
    context.arc(x + 0.5, canvas.height - 0.5 - y, Math.max(radius, canvas.width / 12), 0, 2 * Math.PI);
    Object.assign(context, { strokeStyle: colour, lineWidth: Math.max(1, canvas.width * width) });
    context.stroke();
  }
  canvas.dataset.circled = places[0].join(" ");
}

export class LastAnswer {
  #id = null;

  /** `parts` are the card's elements; `config` has the answers and their follow-ups; `choose(id, choice)` takes a chip. */
  constructor(parts, { answers, followUps }, choose, say) {
    Object.assign(this, { parts, answers, followUps, say });
    parts.chips.addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (chip) this.#pick(chip, choose);
    });
  }

  show(classification, picture, look) {
    const { card, thumbnail, said, feedback, why, chips, talk } = this.parts;
    this.#id = classification.id;
    card.classList.remove("empty");
    delete card.dataset.correct;
    picture.draw(thumbnail, { ...look, frame: 0, channel: 0 });
    delete thumbnail.dataset.circled;
    said.textContent = `${this.answers[classification.answer].said}.`;
    feedback.textContent = "";
    why.textContent = "";
    talk.removeAttribute("href"); // the server sends the link with the reply
    card.querySelector(".heart")?.remove();
    card.append(heart(classification.subject, this.say));
    chips.replaceChildren(...(this.followUps[classification.answer] ?? []).map((choice) => {
      const chip = document.createElement("button");
      Object.assign(chip, { type: "button", className: "chip", value: choice, textContent: choice === FLAG ? gettext("The picture is broken") : choice });
      chip.setAttribute("aria-pressed", "false");
      return chip;
    }));
    this.parts.ask.hidden = !chips.children.length;
  }

  hide() {
    this.#id = null;
    this.parts.card.classList.add("empty");
    this.parts.talk.removeAttribute("href");
  }

  /** Show the server's reply to the classification, if its card is still shown. */
  explain(classification, reply) {
    if (classification.id !== this.#id) return;
    if (reply.feedback) {
      this.parts.card.dataset.correct = reply.feedback.correct;
      this.parts.feedback.textContent = `${feedbackSentence(reply.feedback, classification.answer)} ${reply.feedback.reason ?? ""}`.trim();
      circle(this.parts.thumbnail, reply.feedback);
    }
    tell(this.parts.card.querySelector(".heart"), reply.is_favourite);
    this.parts.talk.href = `${reply.about}#talk`;
    const votes = reply.votes ? votesSentence(reply.votes, classification.answer, this.answers) : "";
    if (!reply.accepted) this.parts.feedback.textContent = reply.message;
    this.parts.why.textContent = [REASONS[reply.reason], votes, modelSentence(reply.p_real)].filter(Boolean).join(" ");
  }

  #pick(chip, choose) {
    for (const other of this.parts.chips.children) other.setAttribute("aria-pressed", String(other === chip));
    choose(this.#id, chip.value);
  }
}
