// What is drawn over a picture in lines: the cross-hair, whose gap leaves its target free. Each line has a dark rim,
// so that it is seen on black and on white.

const GAP = 14; // CSS pixels between the target and the cross-hair
const ARM = 26;
const SHARE = 0.07; // of a small pane
const SVG = "http://www.w3.org/2000/svg";

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

/** Draw the cross-hair about a place in a pane; `pixel` is the size of the picture's pixels. */
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
