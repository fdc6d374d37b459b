// On a phone, tabs are one row that scrolls sideways: begin with the current one in its middle.
for (const here of document.querySelectorAll(".tabs [aria-current]")) {
  const row = here.closest(".tabs");
  const [tab, all] = [here, row].map((part) => part.getBoundingClientRect());
  row.scrollLeft += tab.left + tab.width / 2 - (all.left + all.width / 2);
}
