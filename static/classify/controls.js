// The controls of the picture: they show the choices and change them.
import { SPEEDS, allowed } from "./blink.js";
import { LAYOUTS } from "./choices.js";

const SWITCHES = { invert: "inverted", crosshair: "crosshair", annotations: "annotations" };
const LISTS = ["stretch", "colours"];
const LEVELS = ["black", "white"];
const WAYS = { "look-left": [-1, 0], "look-up": [0, -1], "look-down": [0, 1], "look-right": [1, 0] };

export class Controls {
  /** `part(name)` finds an element; `stage` does what the choices do not. */
  constructor(part, choices, stage) {
    this.part = part;
    this.choices = choices;
    this.#listenToLook(part, choices);
    this.#listenToFrames(part, choices, stage);
    this.#listenToView(part, choices, stage);
    choices.listen(() => this.show());
    this.show();
  }

  show() {
    const { part, choices } = this;
    for (const name of LISTS) part(name).value = choices[name];
    for (const name of LEVELS) {
      part(name).value = choices[name];
      part(`${name}-value`).textContent = choices[name].toFixed(2);
    }
    part("levels").disabled = !choices.hasOwnLevels;
    for (const [name, choice] of Object.entries(SWITCHES)) part(name).setAttribute("aria-pressed", String(choices[choice]));
    part("loupe").setAttribute("aria-pressed", String(choices.magnifier));
    part("speed").value = SPEEDS.indexOf(allowed(choices.speed));
    const speed = interpolate(gettext("%s per second"), [allowed(choices.speed).toLocaleString(document.documentElement.lang)]);
    part("speed-value").textContent = speed;
    part("speed").setAttribute("aria-valuetext", speed);
    for (const button of part("layouts").children) {
      button.setAttribute("aria-pressed", String(button.value === choices.arrangement));
    }
    part("panel").hidden = !choices.panel;
    part("picture").setAttribute("aria-expanded", String(choices.panel));
  }

  /** Show the controls that apply to this subject. */
  offer(scene) {
    const { part } = this;
    this.show();
    const { frames, planes } = scene.picture;
    const { kind } = scene.subject;
    part("frames").hidden = frames < 2;
    part("frame").hidden = Boolean(planes); // the picture has its name as a caption
    part("frames-group").hidden = frames < 2;
    part("time").hidden = kind !== "cube" || frames < 2;
    part("slider").max = frames - 1;
    const lacking = [...part("layouts").children].map((button) => {
      const why = scene.lacks(button.value);
      Object.assign(button, { disabled: why !== "", title: why });
      return why;
    });
    part("layouts-why").textContent = lacking.filter(Boolean).join(" ");
    part("layouts-why").hidden = !lacking.some(Boolean);
  }

  #listenToLook(part, choices) {
    for (const name of LISTS) part(name).addEventListener("change", () => choices.set({ [name]: part(name).value }));
    for (const name of LEVELS) part(name).addEventListener("input", () => choices.set({ [name]: Number(part(name).value) }));
    part("levels").addEventListener("click", () => choices.resetLevels());
    for (const [name, choice] of Object.entries(SWITCHES)) {
      part(name).addEventListener("click", () => choices.set({ [choice]: !choices[choice] }));
    }
    part("loupe").addEventListener("click", () => choices.flipMagnifier());
    for (const name of ["picture", "panel-close"]) {
      part(name).addEventListener("click", () => choices.set({ panel: !choices.panel }));
    }
    for (const room of [part("panel"), part("time")]) {
      room.addEventListener("change", ({ target }) => {
        if (!target.matches(":focus-visible")) target.blur(); // so that shortcuts keep working after a click
      });
    }
    this.#listenToLeaving(part("panel"), part("picture"), choices);
  }

  /** Escape closes the panel, and so does a tap outside where it covers the page. */
  #listenToLeaving(panel, button, choices) {
    addEventListener("keydown", ({ key }) => {
      if (key !== "Escape" || !choices.panel || document.querySelector("dialog[open], :popover-open")) return;
      if (panel.contains(document.activeElement)) button.focus();
      choices.set({ panel: false });
    });
    addEventListener("click", ({ target }) => {
      const isCovering = choices.panel && getComputedStyle(panel).position === "fixed";
      if (isCovering && !panel.contains(target) && !button.contains(target)) choices.set({ panel: false });
    });
  }

  /** The frames are turned one after another, or are all there at once. */
  showTurning(turns) {
    for (const name of ["back", "pause", "forth", "slider"]) this.part(name).disabled = !turns;
  }

  /** Only a magnified picture can be panned. */
  showMagnified(isMagnified) {
    for (const name of Object.keys(WAYS)) this.part(name).disabled = !isMagnified;
  }

  #listenToFrames(part, choices, stage) {
    part("pause").addEventListener("click", () => stage.blink.toggle());
    part("back").addEventListener("click", () => stage.turn(-1));
    part("forth").addEventListener("click", () => stage.turn(1));
    part("speed").addEventListener("input", () => choices.set({ speed: SPEEDS[part("speed").value] }));
    part("slider").addEventListener("input", () => stage.blink.turnTo(Number(part("slider").value)));
    part("layouts").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button && LAYOUTS.includes(button.value)) choices.arrange(button.value);
    });
    part("channels").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) stage.choose(Number(button.value));
    });
  }

  #listenToView(part, choices, stage) {
    part("zoom-in").addEventListener("click", () => stage.zoom(1));
    part("zoom-out").addEventListener("click", () => stage.zoom(-1));
    part("whole").addEventListener("click", () => stage.view.reset());
    part("one-to-one").addEventListener("click", () => stage.view.oneToOne());
    for (const [name, way] of Object.entries(WAYS)) part(name).addEventListener("click", () => stage.lookAround(...way));
    part("draw").addEventListener("click", () => stage.toggleDrawing());
    part("add-line").addEventListener("click", () => stage.addLine());
  }
}

/** Move to the next faster (1) or slower (-1) speed. */
export function changeSpeed(choices, by) {
  const place = SPEEDS.indexOf(choices.speed) + by;
  if (place in SPEEDS) choices.set({ speed: SPEEDS[place] });
}
