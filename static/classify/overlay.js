// Line overlays on a picture: the crosshair, with a gap around its target. Each line has a dark outline,
// so that it is visible on black and on white.

const GAP = 14; // CSS pixels between the target and the crosshair
const ARM = 26;
const SHARE = 0.07; // of a small pane
export const SVG = "http://www.w3.org/2000/svg";

export function lineOf(className) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", className);
  for (const part of ["rim", "stroke"]) {
    const line = document.createElementNS(SVG, "line");
    line.setAttribute("class", part);
    group.append(line);
  }
  return group;
}

export function placeLine(group, from, to) {
  for (const line of group.children) {
    for (const [name, value] of Object.entries({ x1: from.x, y1: from.y, x2: to.x, y2: to.y })) {
      line.setAttribute(name, value.toFixed(2));
    }
  }
}

function arms(svg) {
  const there = [...svg.querySelectorAll(".crosshair")];
  if (there.length) return there;
  svg.append(...Array.from({ length: 4 }, () => lineOf("crosshair")));
  return [...svg.querySelectorAll(".crosshair")];
}

/** Draw the crosshair around a place in a pane; `pixel` is the size of the picture's pixels. */
export function drawCrosshair(svg, at, pixel, pane) {
  const arm = Math.min(ARM, SHARE * Math.min(pane.width, pane.height));
  const gap = Math.min(Math.max(GAP, 3.5 * pixel), 4 * GAP);
  arms(svg).forEach((group, i) => {
    const [x, y] = [[1, 0], [-1, 0], [0, 1], [0, -1]][i];
    const on = (far) => ({ x: at.x + x * far, y: at.y + y * far });
    placeLine(group, on(gap), on(gap + arm));
  });
}

export function clearCrosshair(svg) {
  for (const arm of svg.querySelectorAll(".crosshair")) arm.remove();
}
