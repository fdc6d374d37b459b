// A new collection needs a name; an existing one has its own.
for (const { elements: { collection, name } } of document.querySelectorAll("form.collect:has(select)")) {
  const update = () => { name.required = !collection.value; };
  collection.addEventListener("change", update);
  addEventListener("pageshow", update); // the browser may fill in what was chosen before
}
