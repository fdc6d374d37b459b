// A short message over the picture, for eyes; the page's status says the same to screen readers.

const SHOWN = 5000; // ms

let timer = null;

export function notice(element, text) {
  clearTimeout(timer);
  element.textContent = text;
  element.hidden = false;
  timer = setTimeout(() => { element.hidden = true; }, SHOWN);
}

/** Hide a message whose subject has gone, unless another one took its place. */
export function withdraw(element, text) {
  if (element.textContent === text) element.hidden = true;
}

/** What the site has to say as the page opens, such as the answers that were kept at joining, and one sentence `more`. */
export function showMessages(element, more) {
  const texts = [...document.querySelectorAll(".messages li")].map((message) => message.textContent);
  if (more) texts.push(more);
  if (texts.length) notice(element, texts.join(" "));
}
