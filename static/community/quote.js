// An answer is written below what it quotes: the caret waits there.
const field = document.getElementById("comment-text");

field.setSelectionRange(field.value.length, field.value.length);
field.scrollTop = field.scrollHeight;
