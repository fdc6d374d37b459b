// The picture on the page: combines panes, view and overlays.
import { Blink } from "./blink.js";
import { clearestFrame } from "./clearest.js";
import { Choices, LAYOUTS } from "./choices.js";
import { Controls } from "./controls.js";
import { Draw } from "./draw.js";
import { Gestures } from "./gestures.js";
import { Guides } from "./guides.js";
import { LineList } from "./line_list.js";
import { MarkLayer } from "./mark_layer.js";
import { Marks } from "./marks.js";
import { Panes } from "./panes.js";
import { Scene } from "./scene.js";
import { View } from "./view.js";

const ALL = -1;
const ZOOM = Math.SQRT2; // per key press
const PAN = 0.2; // of a pane, per key press
const LOOK = ["stretch", "colours", "inverted", "black", "white"];
const OVERLAYS = ["crosshair", "loupe", "closeLoupe", "annotations"];

export class Stage {
  #scene = null;
  #names = [];
  #channel = matchMedia("(min-width: 48rem)").matches ? ALL : 0;

  /** `part(name)` finds an element of the page; `say` tells screen readers. */
  constructor(part, { channels, lines }, say) {
    this.part = part;
    this.names = channels;
    this.say = say;
    this.root = part("pictures");
    this.choices = new Choices();
    this.view = new View(() => this.#place());
    this.panes = new Panes(this.root, (size) => this.view.resize(size));
    this.blink = new Blink((frame, count, paused) => this.#turn(frame, count, paused));
    this.guides = new Guides(part, this.choices, this.view);
    this.marks = new Marks(lines, () => { this.#drawMarks(); this.root.dispatchEvent(new CustomEvent("lines")); });
    this.layer = new MarkLayer(this.marks, (pane, pixel) => this.#toPane(pane, pixel), (pane, line) => this.#scene.hints(pane, line));
    this.list = new LineList(part("lines"), this, (frame) => this.#scene.nameOf(frame));
    this.draw = new Draw(this.marks, this.layer, {
      toPixel: (place) => this.#scene.toPixel(this.view.toImage(place, this.#scene.shift(place.pane))),
      scale: () => this.view.scale,
      say,
      began: () => this.blink.pause(),
    });
    this.#listen();
  }

  /** The choices that determine the colours, for other drawings of the same picture. */
  get look() {
    return this.choices.look;
  }

  /** Return the frame that shows the answered object best: the one with a line, or the one where it stands out. */
  bestFrame() {
    const { picture, subject } = this.#scene;
    const [line] = this.marks.sent;
    if (line) return line.frame;
    if (!["stamp", "tracklet"].includes(subject.kind)) return this.blink.frame; // it may be anywhere
    const radius = Math.min(picture.width, picture.height) / 8;
    return clearestFrame(picture, (frame) => this.#scene.target({ frame }), radius);
  }

  show(picture, subject, lines) {
    this.gestures.release();
    this.#scene = new Scene(picture, subject);
    this.choices.arranges = picture.planes ? "planes" : "layout";
    this.choices.magnifies = subject.kind === "cutout" ? "loupe" : "closeLoupe";
    this.#names = Array.from({ length: picture.channels }, (_, i) => (
      this.names[i] ?? interpolate(gettext("channel %s"), [i + 1])
    ));
    this.root.dataset.subject = subject.external_id;
    this.#offerChannels();
    this.controls.offer(this.#scene);
    this.part("holes").hidden = !picture.hasHoles;
    this.view.open(picture);
    this.blink.start(picture.frames);
    this.#showChannel(Math.min(this.#channel, picture.channels - 1));
    this.part("marking").hidden = !this.marks.most;
    this.marks.open(picture, lines);
  }

  clear() {
    this.blink.stop();
    this.gestures.release();
    this.#scene = null;
    this.panes.clear();
    this.guides.clear();
    delete this.root.dataset.subject;
    this.part("holes").hidden = true; // the rest keeps its room, so that nothing jumps
  }

  /** Show one channel or plane, or all of them side by side (-1). */
  choose(channel) {
    if (!this.#scene) return;
    const { planes, channels } = this.#scene.picture;
    if (planes && channel < planes.length) this.#choosePlane(channel);
    else if (channel < channels) this.#showChannel(channel);
  }

  #choosePlane(plane) {
    this.choices.arrange(plane === ALL ? "strip" : "blink");
    if (plane !== ALL) this.blink.turnTo(plane);
  }

  #showChannel(channel) {
    this.#channel = channel;
    for (const button of this.part("channels").children) {
      button.setAttribute("aria-pressed", String(Number(button.value) === channel));
    }
    this.#arrange();
  }

  /** Switch to the next layout that this subject allows. */
  nextLayout() {
    if (!this.#scene || this.#scene.picture.frames < 2) return;
    const offered = LAYOUTS.filter((layout) => this.#scene.offers(layout));
    const now = offered.indexOf(this.#scene.layout(this.choices.arrangement));
    this.choices.arrange(offered[(now + 1) % offered.length]);
  }

  /** Show the next (1) or previous (-1) frame, and tell screen readers which. */
  turn(by) {
    this.blink.step(by);
    this.say(this.part("slider").ariaValueText);
  }

  /** Zoom in (1) or out (-1) by a step. */
  zoom(way) {
    this.view.zoomBy(ZOOM ** way);
  }

  /** Pan right and down, by steps. */
  lookAround(right, down) {
    const { width, height } = this.view.pane;
    this.view.panBy(-right * PAN * width, -down * PAN * height);
  }

  addLine() {
    const pane = this.panes.all[0];
    if (!this.marks.most || !pane) return;
    if (pane.frame === null) {
      this.say(gettext("Draw lines on a frame, not on the stack."));
      return;
    }
    this.blink.pause();
    const { width, height } = this.view.pane;
    const middle = this.view.toImage({ x: width / 2, y: height / 2 }, this.#scene.shift(pane));
    const seen = Math.min(width / this.view.scale, this.#scene.picture.width);
    this.draw.add(pane.frame, this.#scene.toPixel(middle), seen);
  }

  toggleDrawing() {
    this.draw.isOn = !this.draw.isOn;
    this.#showDrawing();
  }

  #listen() {
    this.controls = new Controls(this.part, this.choices, this);
    this.blink.setSpeed(this.choices.speed);
    this.choices.listen((names) => {
      if (names.includes("speed")) this.blink.setSpeed(this.choices.speed);
      if (names.includes(this.choices.arranges)) this.#arrange();
      if (names.some((name) => LOOK.includes(name))) this.#drawAll();
      if (names.some((name) => OVERLAYS.includes(name))) this.#place();
    });
    this.gestures = new Gestures(this.root, this.panes, {
      zoomBy: (factor, at) => this.view.zoomBy(factor, at),
      panBy: (right, down) => this.view.panBy(right, down),
      hover: (place) => { this.guides.hover(place); if (this.#scene) this.guides.point(this.#scene, this.panes.all); },
      tap: (pointer, place, left) => this.#tap(pointer, place, left),
      swipe: (direction) => this.#swipe(direction),
      twice: (place) => (this.view.isWhole ? this.view.zoomBy(2 * ZOOM, place) : this.view.reset()),
      begin: (place) => this.draw.begin(place),
    });
    this.#showDrawing();
  }

  #tap(pointer, place, left) {
    if (this.draw.tap(place, left)) return;
    if (pointer === "touch" && this.#scene?.picture.frames > 1) this.blink.toggle();
  }

  /** Report a swipe over a whole picture; over a magnified one it pans. */
  #swipe(direction) {
    if (this.view.isWhole && this.choices.swipe) this.root.dispatchEvent(new CustomEvent("swipe", { detail: direction }));
  }

  #showDrawing() {
    this.part("draw").setAttribute("aria-pressed", String(this.draw.isOn));
    this.root.dataset.tool = this.marks.most && this.draw.isOn ? "draw" : "move";
  }

  /** Fill the panes: the subject, the layout or the channel has changed. */
  #arrange() {
    if (!this.#scene) return;
    const { picture } = this.#scene;
    const layout = this.#scene.layout(this.choices.arrangement);
    const channels = this.#channel === ALL ? this.#names.map((_, i) => i) : [this.#channel];
    const contents = this.#scene.contents(layout, channels, this.blink.frame);
    const rowOfEach = layout === "strip" && channels.length > 1 ? picture.frames : null;
    this.panes.fill(contents, picture, rowOfEach);
    this.#drawPanes(this.panes.all.filter((pane) => !pane.turns));
    this.controls.showTurning(contents[0].turns);
    this.blink.setStill(!contents[0].turns, layout === "strip");
  }

  #turn(frame, count, paused) {
    this.part("frame").textContent = this.#scene?.picture.planes?.[frame] ?? interpolate(gettext("%(frame)s of %(count)s"), { frame: frame + 1, count }, true);
    this.part("pause").textContent = paused ? gettext("Play") : gettext("Pause");
    this.part("slider").value = frame;
    if (!this.#scene) return;
    const when = this.#scene.when(frame);
    this.part("when").textContent = when;
    this.part("slider").setAttribute("aria-valuetext", `${this.part("frame").textContent} ${when}`.trim());
    const turning = this.panes.all.filter((pane) => pane.turns);
    for (const pane of turning) pane.frame = frame;
    this.#drawPanes(turning);
    this.#place();
  }

  #drawAll() {
    this.#drawPanes(this.panes.all);
    this.#place();
  }

  #drawPanes(panes) {
    if (!this.#scene) return;
    for (const pane of panes) {
      const { frame, channel, canvas } = pane;
      this.#scene.pictureOf(pane).draw(canvas, { ...this.look, frame: frame ?? 0, channel });
      canvas.setAttribute("aria-label", this.#describe(pane));
      const caption = this.#caption(pane);
      if (pane.caption.textContent !== caption) pane.caption.textContent = caption;
    }
  }

  /** Place the pictures and overlays; this only writes styles, and measures nothing. */
  #place() {
    if (!this.#scene || !this.panes.all.length) return;
    const { scale } = this.view;
    this.root.dataset.smooth = String(scale < 1);
    this.root.toggleAttribute("data-magnified", this.view.zoom > 1);
    for (const pane of this.panes.all) {
      const { x, y } = this.view.toPane({ x: 0, y: 0 }, this.#scene.shift(pane));
      pane.canvas.style.transform = `translate(${x.toFixed(2)}px, ${y.toFixed(2)}px) scale(${scale})`;
    }
    this.guides.place(this.#scene, this.panes.all);
    this.controls.showMagnified(this.view.zoom > 1);
    this.#drawMarks();
  }

  #drawMarks() {
    if (!this.#scene || !this.marks.most) return;
    this.layer.draw(this.panes.all);
    this.list.draw(this.marks.lines);
  }

  #toPane(pane, pixel) {
    return this.view.toPane(this.#scene.fromPixel(pixel), this.#scene.shift(pane));
  }

  #offerChannels() {
    const channels = this.part("channels");
    channels.hidden = this.#names.length < 2;
    if (channels.hidden || channels.dataset.names === this.#names.join()) return;
    channels.dataset.names = this.#names.join();
    channels.replaceChildren(...[gettext("all"), ...this.#names].map((name, i) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "button", value: i - 1, textContent: name });
      return button;
    }));
  }

  #caption({ frame, channel, turns }) {
    const { planes } = this.#scene.picture;
    if (planes && frame !== null) return planes[frame];
    const channelName = this.#names.length > 1 ? this.#names[channel] : "";
    if (frame === null) return [channelName, gettext("stack")].filter(Boolean).join(" · ");
    if (turns) return channelName;
    return [channelName, String(frame + 1), this.#scene.when(frame)].filter(Boolean).join(" · ");
  }

  #describe({ frame, channel }) {
    const { frames, planes } = this.#scene.picture;
    if (planes && frame !== null) return planes[frame];
    const name = this.#names.length > 1 ? this.#names[channel] : gettext("picture");
    if (frame !== null && frames < 2) return name;
    const which = frame === null ? interpolate(gettext("mean of %s frames"), [frames])
      : interpolate(gettext("frame %(frame)s of %(count)s"), { frame: frame + 1, count: frames }, true);
    return `${name}, ${which}`;
  }
}
