// The heart on the card of the last answer: it makes the subject a favourite, and takes that back.

function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

function show(button, isFavourite) {
  button.setAttribute("aria-pressed", String(isFavourite));
}

async function toggle(button) {
  const isFavourite = button.getAttribute("aria-pressed") !== "true";
  show(button, isFavourite);
  try {
    const response = await fetch(`/api/favourites/${button.value}/`, {
      method: isFavourite ? "PUT" : "DELETE",
      credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
    });
    if (!response.ok) throw new Error(String(response.status));
    button.title = "";
  } catch {
    show(button, !isFavourite);
    button.title = gettext("The server cannot be reached, so nothing was changed. Try again.");
  }
}

/** Return a heart for the subject of this id. */
export function heart(subject) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "heart", value: subject });
  button.setAttribute("aria-label", gettext("Favourite"));
  button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20.5C5 15.5 2.5 12 2.5 8.5a5 5 0 0 1 9.5-2.2 5 5 0 0 1 9.5 2.2c0 3.5-2.5 7-9.5 12z"/></svg>';
  show(button, false);
  button.addEventListener("click", () => toggle(button));
  return button;
}
