// The heart on the card of the last answer: adds the subject to the favourites, or removes it.
import { csrfToken } from "../site/csrf.js";

const given = new Map(); // hearts set or removed on this page, by subject

function show(button, isFavourite) {
  button.setAttribute("aria-pressed", String(isFavourite));
}

/** Send it to the server; return the error, or nothing. */
async function send(subject, isFavourite) {
  let response;
  try {
    response = await fetch(`/api/favourites/${subject}/`, {
      method: isFavourite ? "PUT" : "DELETE",
      credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
    });
  } catch {
    return gettext("Can't reach the server. Nothing was changed; try again.");
  }
  if (response.ok) return "";
  const { detail } = await response.json().catch(() => ({}));
  return detail ?? interpolate(gettext("The server answered %s."), [response.status]);
}

async function toggle(button, say) {
  const subject = button.value;
  const isFavourite = button.getAttribute("aria-pressed") !== "true";
  given.set(subject, isFavourite);
  show(button, isFavourite);
  const problem = await send(subject, isFavourite);
  if (!problem) return;
  given.set(subject, !isFavourite);
  show(button, !isFavourite);
  say(problem);
}

/** Return a heart for the subject of this id; `say` tells what went wrong. */
export function heart(subject, say) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "heart", value: subject });
  button.setAttribute("aria-label", gettext("Favourite"));
  button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20.5C5 15.5 2.5 12 2.5 8.5a5 5 0 0 1 9.5-2.2 5 5 0 0 1 9.5 2.2c0 3.5-2.5 7-9.5 12z"/></svg>';
  show(button, given.get(button.value) ?? false);
  button.addEventListener("click", () => toggle(button, say));
  return button;
}

/** Show the server's state of a heart, unless it was changed on this page. */
export function showServerState(button, isFavourite) {
  if (isFavourite !== null && !given.has(button.value)) show(button, isFavourite);
}
