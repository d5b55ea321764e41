// A slider moves an explorer through pictures that were drawn when the book was made.
for (const box of document.querySelectorAll(".states")) {
  const states = JSON.parse(box.dataset.states);
  const [picture, slider, words] = ["img", "input", "p"].map((tag) => box.querySelector(tag));
  slider.addEventListener("input", () => {
    const [source, says] = states[slider.value];
    Object.assign(picture, { src: source, alt: says });
    words.textContent = says;
  });
}

// On a telephone a figure is small: it opens alone, where two fingers enlarge it.
for (const picture of document.querySelectorAll(".cell_output img")) {
  if (picture.closest(".states, a")) continue;
  const link = document.createElement("a");
  link.href = picture.src;
  picture.replaceWith(link);
  link.append(picture);
}

// What scrolls sideways has to be reached by keyboard, too.
function reachable() {
  for (const box of document.querySelectorAll("pre, .table-wrapper, .cell_output .text_html")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("resize", reachable);
reachable();
