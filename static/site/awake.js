// Nobody looks at a page in the background: it asks for no news until it is looked at again.

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-while-seen]")) event.preventDefault();
});
