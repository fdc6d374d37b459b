// Picture actions by name, so that their shortcuts can be changed.
import { changeSpeed } from "./controls.js";

/**
 * Return {name: {label, keys, run}}, only what the pictures have use for: lines are drawn only where the workflow asks for them,
 * and others' shown to scientists. Where the `kind` is not named, there may be any.
 */
export function pictureActions(stage, { kind, channels, lines, annotated }) {
  const { choices, view } = stage;
  const flip = (name) => () => choices.set({ [name]: !choices[name] });
  const hasOneChannel = channels.length === 1;
  return {
    ...(hasOneChannel && ["stamp", "cutout"].includes(kind) ? {} : frameActions(stage)),
    invert: { label: gettext("Invert"), keys: ["i"], run: flip("inverted") },
    nextStretch: { label: gettext("Next stretch"), keys: ["s"], run: () => choices.next("stretch") },
    nextColours: { label: gettext("Next colour map"), keys: ["c"], run: () => choices.next("colours") },
    crosshair: { label: gettext("Crosshair"), keys: ["x"], run: flip("crosshair") },
    loupe: { label: gettext("Magnifier"), keys: ["m"], run: () => choices.flipMagnifier() },
    panel: { label: gettext("All image settings"), keys: ["p"], run: flip("panel") },
    zoomIn: { label: gettext("Zoom in"), keys: ["+", "="], run: () => stage.zoom(1) },
    zoomOut: { label: gettext("Zoom out"), keys: ["-"], run: () => stage.zoom(-1) },
    whole: { label: gettext("Fit the image to the view"), keys: ["r"], run: () => view.reset() },
    oneToOne: { label: gettext("Actual pixels (1:1)"), keys: ["o"], run: () => view.oneToOne() },
    lookLeft: { label: gettext("Pan left"), keys: ["Shift+ArrowLeft"], run: () => stage.lookAround(-1, 0) },
    lookRight: { label: gettext("Pan right"), keys: ["Shift+ArrowRight"], run: () => stage.lookAround(1, 0) },
    lookUp: { label: gettext("Pan up"), keys: ["Shift+ArrowUp"], run: () => stage.lookAround(0, -1) },
    lookDown: { label: gettext("Pan down"), keys: ["Shift+ArrowDown"], run: () => stage.lookAround(0, 1) },
    ...(hasOneChannel ? {} : channelActions(stage, channels.length)),
    ...(lines ? lineActions(stage) : {}),
    ...(annotated ? { annotations: { label: gettext("Marks and detections"), keys: ["b"], run: flip("annotations") } } : {}),
  };
}

function frameActions(stage) {
  const { blink, choices } = stage;
  return {
    blink: { label: gettext("Blink or pause"), keys: [" "], run: () => blink.toggle() },
    frameBack: { label: gettext("Previous frame"), keys: [","], run: () => stage.turn(-1) },
    frameForth: { label: gettext("Next frame"), keys: ["."], run: () => stage.turn(1) },
    slower: { label: gettext("Blink slower"), keys: ["["], run: () => changeSpeed(choices, -1) },
    faster: { label: gettext("Blink faster"), keys: ["]"], run: () => changeSpeed(choices, 1) },
    nextLayout: { label: gettext("Change view: blink, strip, follow, fixed sky, stack"), keys: ["v"], run: () => stage.nextLayout() },
  };
}

function channelActions(stage, count) {
  const labels = [gettext("First channel"), gettext("Second channel"), gettext("Third channel"), gettext("Fourth channel")];
  const each = labels.slice(0, count).map((label, n) => [`channel${n + 1}`, { label, keys: [String(n + 1)], run: () => stage.choose(n) }]);
  return { allChannels: { label: gettext("All channels"), keys: ["0"], run: () => stage.choose(-1) }, ...Object.fromEntries(each) };
}

function lineActions(stage) {
  return {
    addLine: { label: gettext("Add a line"), keys: ["l"], run: () => stage.addLine() },
    drawOrMove: { label: gettext("Draw or pan with the pointer"), keys: ["d"], run: () => stage.toggleDrawing() },
  };
}
