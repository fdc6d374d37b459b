// Says on the page why a security key wasn't used; allauth tells the console only.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const note = document.querySelector("[data-key-error]") ?? document.createElement("p");
  note.className = "note bad";
  note.dataset.keyError = "";
  note.setAttribute("role", "alert");
  document.querySelector("main h1").after(note);
  note.textContent = {
    InvalidStateError: gettext("This security key has been added already."),
    SecurityError: gettext("Browsers allow security keys only at a host name with HTTPS, not at an IP address."),
  }[event.detail.exception.name] ?? gettext("No security key was read. Try again, and touch the key when it blinks.");
});
