// A picture is posted with a description: the browser asks for it as soon as a file is chosen.
const picture = document.getElementById("comment-picture");
const description = document.getElementById("comment-alt");

function ask() {
  description.required = picture.files.length > 0;
}

picture.addEventListener("change", ask);
description.addEventListener("invalid", () => { description.closest("details").open = true; }); // so that it can be seen
ask();
