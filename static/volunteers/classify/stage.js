// The picture on the page: one canvas a channel, side by side or one at a time, with the frame that is turned to.
import { Blink } from "./blink.js";

const CHOICES = "wanderers.picture";
const ALL = -1;

function remembered() {
  try { return JSON.parse(localStorage.getItem(CHOICES)) ?? {}; } catch { return {}; }
}

function figure(name) {
  const element = document.createElement("figure");
  element.innerHTML = '<canvas role="img"></canvas><figcaption></figcaption>';
  element.querySelector("figcaption").textContent = name;
  return element;
}

export class Stage {
  #picture = null;
  #frame = 0;
  #channel = matchMedia("(min-width: 48rem)").matches ? ALL : 0;
  #names = [];

  constructor(root, controls, names) {
    this.root = root;
    this.controls = controls;
    this.names = names;
    const { stretch = "zscale", inverted = false } = remembered();
    this.stretch = stretch;
    this.inverted = inverted;
    this.blink = new Blink((frame, count, paused) => this.#turn(frame, count, paused));
    this.#listen();
  }

  get look() {
    return { stretch: this.stretch, inverted: this.inverted };
  }

  show(picture, subject) {
    this.#picture = picture;
    this.#names = Array.from({ length: picture.channels }, (_, i) => this.names[i] ?? `channel ${i + 1}`);
    this.root.style.setProperty("--aspect", picture.width / picture.height);
    this.root.replaceChildren(...this.#names.map(figure));
    this.root.dataset.subject = subject.external_id;
    this.#offerChannels();
    this.choose(Math.min(this.#channel, picture.channels - 1));
    this.controls.holes.hidden = !picture.hasHoles;
    this.controls.frames.hidden = picture.frames < 2;
    this.blink.start(picture.frames);
  }

  clear() {
    this.blink.stop();
    this.#picture = null;
    this.root.replaceChildren();
    delete this.root.dataset.subject;
    for (const name of ["holes", "frames", "channels"]) this.controls[name].hidden = true;
  }

  /** Show one channel, or all of them side by side (-1). */
  choose(channel) {
    if (!this.#picture || channel >= this.#picture.channels) return;
    this.#channel = channel;
    const shown = channel === ALL ? this.#picture.channels : 1;
    this.root.style.setProperty("--shown", shown);
    [...this.root.children].forEach((element, i) => { element.hidden = channel !== ALL && channel !== i; });
    for (const button of this.controls.channels.children) {
      button.setAttribute("aria-pressed", String(Number(button.value) === channel));
    }
    this.#draw();
  }

  cycleStretch() {
    const options = [...this.controls.stretch.options].map((option) => option.value);
    this.#set({ stretch: options[(options.indexOf(this.stretch) + 1) % options.length] });
  }

  invert() {
    this.#set({ inverted: !this.inverted });
  }

  #set(change) {
    Object.assign(this, change);
    try {
      localStorage.setItem(CHOICES, JSON.stringify(this.look));
    } catch { /* a private window forgets the choice */ }
    this.#showChoices();
    this.#draw();
  }

  #showChoices() {
    this.controls.stretch.value = this.stretch;
    this.controls.invert.setAttribute("aria-pressed", String(this.inverted));
  }

  #listen() {
    const { stretch, invert, pause, channels } = this.controls;
    if (![...stretch.options].some((option) => option.value === this.stretch)) this.stretch = "zscale";
    this.#showChoices();
    stretch.addEventListener("change", () => this.#set({ stretch: stretch.value }));
    invert.addEventListener("click", () => this.invert());
    pause.addEventListener("click", () => this.blink.toggle());
    channels.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.choose(Number(button.value));
    });
  }

  #offerChannels() {
    const { channels } = this.controls;
    channels.hidden = this.#names.length < 2;
    if (channels.hidden || channels.dataset.names === this.#names.join()) return;
    channels.dataset.names = this.#names.join();
    channels.replaceChildren(...["all", ...this.#names].map((name, i) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "button", value: i - 1, textContent: name });
      return button;
    }));
  }

  #turn(frame, count, paused) {
    this.#frame = frame;
    this.controls.frame.textContent = `${frame + 1} of ${count}`;
    this.controls.pause.textContent = paused ? "Blink" : "Pause";
    this.#draw();
  }

  #draw() {
    if (!this.#picture) return;
    [...this.root.children].forEach((element, channel) => {
      if (element.hidden) return;
      const canvas = element.querySelector("canvas");
      this.#picture.draw(canvas, { ...this.look, frame: this.#frame, channel });
      canvas.setAttribute("aria-label", this.#describe(channel));
    });
  }

  #describe(channel) {
    const frame = this.#picture.frames > 1 ? `frame ${this.#frame + 1} of ${this.#picture.frames}` : "";
    return [this.#names.length > 1 ? this.#names[channel] : "picture", frame].filter(Boolean).join(", ");
  }
}
