// The answer just given: undo, "what else is it?", and, once the server has replied, the truth of a training
// subject, how others voted, why this subject was shown, and where people talk about it. It sits beside the next
// picture and blocks nothing.

import { heart, showServerState } from "./heart.js";
import { feedbackSentence, votesSentence } from "./replies.js";
import { drawFrame, drawKnown } from "./thumbnail.js";

const REASONS = {
  new: gettext("Next in the queue"),
  typical: gettext("One of the most typical images of this survey: the first model learns from these"),
  uncertain: gettext("The model was uncertain"),
  diverse: gettext("The model was uncertain, and this one is unlike the others it asks about"),
  vote: gettext("One more answer helps most here: the model and the volunteers aren't sure yet"),
  disagreed: gettext("Models that learned from different samples of the labels disagree about this one"),
  positive: gettext("The model thinks that the answer is yes, and needs people to check"),
  rare: gettext("The model thinks that this is of a kind with few labels so far"),
  random: gettext("Picked at random, as a quality check"),
  training: gettext("Practice image"),
};

function modelSentence({ p_real: pReal, model }) {
  if (pReal == null) return "";
  return interpolate(gettext("Model %(number)s: %(share)s yes"), { number: model, share: pReal.toLocaleString(document.documentElement.lang, { style: "percent" }) }, true);
}

export class LastAnswer {
  #id = null;

  /** `parts` are the card's elements; `config` has the answers and their follow-ups; `choose(id, choice)` takes a chip. */
  constructor(parts, { answers, followUps, classes }, choose, say) {
    Object.assign(this, { parts, answers, followUps, classes, say });
    this.counted = Object.fromEntries(Object.entries(answers).map(([value, { counted }]) => [value, counted]));
    parts.chips.addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (chip) this.#pick(chip, choose);
    });
  }

  show(classification, picture, look, frame) {
    const { card, thumbnail, said, feedback, why, chips, talk, welcome } = this.parts;
    this.#id = classification.id;
    Object.assign(this, { picture, look });
    welcome?.remove();
    card.classList.remove("empty");
    delete card.dataset.correct;
    drawFrame(thumbnail, picture, look, frame);
    said.textContent = `${this.answers[classification.answer].said}.`;
    feedback.textContent = "";
    why.textContent = "";
    talk.removeAttribute("href"); // the server sends the link with the reply
    card.querySelector(".heart")?.remove();
    card.append(heart(classification.subject, this.say));
    chips.replaceChildren(...(this.followUps[classification.answer] ?? []).map((choice) => {
      const chip = document.createElement("button");
      Object.assign(chip, { type: "button", className: "chip", value: choice, textContent: this.classes[choice]?.name ?? choice });
      chip.setAttribute("aria-pressed", String(choice === classification.follow_up));
      return chip;
    }));
    this.parts.ask.hidden = !chips.children.length;
  }

  hide() {
    this.#id = null;
    this.parts.card.classList.add("empty");
    this.parts.talk.removeAttribute("href");
  }

  /** Whether the card is that of a classification. */
  shows(classification) {
    return classification.id === this.#id;
  }

  /** Show the server's reply to the classification, if its card is still shown. */
  explain(classification, reply) {
    if (!this.shows(classification)) return;
    if (reply.feedback) {
      this.parts.card.dataset.correct = reply.feedback.correct;
      this.parts.feedback.textContent = `${feedbackSentence(reply.feedback, classification.answer)} ${reply.feedback.reason ?? ""}`.trim();
      drawKnown(this.parts.thumbnail, this.picture, this.look, reply.feedback, Math.max(1, this.picture.width / 28));
    }
    showServerState(this.parts.card.querySelector(".heart"), reply.is_favourite);
    this.parts.talk.href = `${reply.about}#talk`;
    const isPractice = reply.feedback || reply.reason === "training"; // its votes are not counted
    const votes = reply.others && !isPractice ? votesSentence(reply.others, this.counted) : "";
    if (!reply.accepted) this.parts.feedback.textContent = reply.message;
    const why = [REASONS[reply.reason], modelSentence(reply)].filter(Boolean).join(" · ");
    this.parts.why.textContent = `${votes} ${why}`.trim();
  }

  /** Go to the first chip, or say that there is none: practice answers take no kind. */
  chooseKind() {
    const chip = this.parts.chips.firstElementChild;
    if (chip?.checkVisibility()) chip.focus();
    else this.say(gettext("There are no kinds to choose from for the last answer."));
  }

  /** Choose a chip; the chosen one is let go of. */
  #pick(chip, choose) {
    const isLetGo = chip.getAttribute("aria-pressed") === "true";
    for (const other of this.parts.chips.children) other.setAttribute("aria-pressed", String(other === chip && !isLetGo));
    choose(this.#id, isLetGo ? "" : chip.value);
  }
}
