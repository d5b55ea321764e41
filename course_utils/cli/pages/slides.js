// Pictures wait for one more press of a key: first everybody predicts.
const slides = [...document.querySelectorAll("section")];
const place = document.querySelector("[role=status]");
let here = 0;

function show(number, asking) {
  here = Math.max(0, Math.min(slides.length - 1, number));
  slides.forEach((slide, n) => slide.classList.toggle("here", n === here));
  slides[here].classList.toggle("asking", asking && slides[here].querySelector("img") !== null);
  place.textContent = `${here + 1} of ${slides.length}`;
  history.replaceState(null, "", `#${here + 1}`);
}

function on() {
  if (slides[here].classList.contains("asking")) slides[here].classList.remove("asking");
  else if (here < slides.length - 1) show(here + 1, true);
}

const KEYS = {
  ArrowRight: on, PageDown: on, " ": on,
  ArrowLeft: () => show(here - 1, false), PageUp: () => show(here - 1, false),
  Home: () => show(0, true), End: () => show(slides.length - 1, false),
  n: () => document.body.classList.toggle("notes"), p: () => print(),
};
addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey && KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
// On a telephone or with a mouse: the right two thirds lead on, the left third leads back.
addEventListener("click", (event) => {
  if (event.target.closest("a, aside")) return;
  if (event.clientX > innerWidth / 3) on();
  else show(here - 1, false);
});
show((parseInt(location.hash.slice(1)) || 1) - 1, true);
