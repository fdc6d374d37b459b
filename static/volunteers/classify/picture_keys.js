// What can be done to the picture by key: each action by its name, so that keys may be changed.
import { changeSpeed } from "./controls.js";

/** Return {name: {keys, run}}; "Shift+" stands before arrows that are pressed with Shift. */
export function pictureActions(stage) {
  const { blink, choices, view } = stage;
  const flip = (name) => () => choices.set({ [name]: !choices[name] });
  return {
    blink: { keys: [" "], run: () => blink.toggle() },
    frameBack: { keys: [","], run: () => blink.step(-1) },
    frameForth: { keys: ["."], run: () => blink.step(1) },
    slower: { keys: ["["], run: () => changeSpeed(choices, -1) },
    faster: { keys: ["]"], run: () => changeSpeed(choices, 1) },
    nextLayout: { keys: ["v"], run: () => stage.nextLayout() },
    invert: { keys: ["i"], run: flip("inverted") },
    nextStretch: { keys: ["s"], run: () => choices.next("stretch") },
    nextColours: { keys: ["c"], run: () => choices.next("colours") },
    crosshair: { keys: ["x"], run: flip("crosshair") },
    loupe: { keys: ["m"], run: flip("loupe") },
    panel: { keys: ["p"], run: flip("panel") },
    zoomIn: { keys: ["+", "="], run: () => stage.zoom(1) },
    zoomOut: { keys: ["-"], run: () => stage.zoom(-1) },
    whole: { keys: ["r"], run: () => view.reset() },
    oneToOne: { keys: ["o"], run: () => view.oneToOne() },
    lookLeft: { keys: ["Shift+ArrowLeft"], run: () => stage.lookAround(-1, 0) },
    lookRight: { keys: ["Shift+ArrowRight"], run: () => stage.lookAround(1, 0) },
    lookUp: { keys: ["Shift+ArrowUp"], run: () => stage.lookAround(0, -1) },
    lookDown: { keys: ["Shift+ArrowDown"], run: () => stage.lookAround(0, 1) },
    allChannels: { keys: ["0"], run: () => stage.choose(-1) },
    channel1: { keys: ["1"], run: () => stage.choose(0) },
    channel2: { keys: ["2"], run: () => stage.choose(1) },
    channel3: { keys: ["3"], run: () => stage.choose(2) },
    channel4: { keys: ["4"], run: () => stage.choose(3) },
    addLine: { keys: ["l"], run: () => stage.addLine() },
    drawOrMove: { keys: ["d"], run: () => stage.toggleDrawing() },
  };
}

/** Return the actions as a table from key to function. */
export function byKey(actions) {
  return Object.fromEntries(Object.values(actions).flatMap(({ keys, run }) => keys.map((key) => [key, run])));
}
