// Lets people look at the password that they type, with a button below its field.
function offerToShow(field) {
  const button = document.createElement("button");
  const show = (isShown) => {
    field.type = isShown ? "text" : "password";
    button.textContent = isShown ? gettext("Hide password") : gettext("Show password");
  };
  button.type = "button";
  button.className = "reveal";
  button.setAttribute("aria-controls", field.id);
  button.addEventListener("click", () => show(field.type === "password"));
  field.form?.addEventListener("submit", () => show(false)); // else browsers would remember it as a text
  show(false);
  field.after(button);
}

document.querySelectorAll("input[type=password]").forEach(offerToShow);
