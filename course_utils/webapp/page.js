// The app's page. Text always goes in as text, never as HTML, and nothing is fetched from elsewhere.

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") element.addEventListener("click", value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

let count = 0;

function render({ model, el }) {
  const id = `app-${++count}`;
  const words = model.get("words");
  let waiting;

  const input = make("input", {
    type: "file",
    id: `${id}-file`,
    accept: ".png,.jpg,.jpeg,.dcm,image/png,image/jpeg,application/dicom",
    "aria-describedby": `${id}-limits`,
  });
  const drop = make(
    "label",
    { class: "drop", for: `${id}-file` },
    make("strong", {}, words.choose),
    make("span", {}, words.drop),
    input,
  );
  const sample = make("button", { type: "button", onclick: () => ask({ kind: "sample" }) }, words.sample);
  // Both stay in the page and only change their content: a screen reader then reads it out.
  const status = make("p", { class: "status", role: "status", "aria-live": "polite" });
  const result = make("div", { class: "result" });

  el.classList.add("brain-app");
  el.replaceChildren(
    make(
      "main",
      {},
      make("h1", {}, words.title),
      make("p", { class: "notice", role: "note" }, words.notice),
      make("div", { class: "ways" }, drop, sample),
      make("p", { class: "limits", id: `${id}-limits` }, words.limits),
      status,
      result,
    ),
  );

  function ask(content, buffers) {
    result.replaceChildren();
    status.className = "status";
    status.textContent = words.busy;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      status.textContent = words.lost;
    }, 60000);
    model.send(content, undefined, buffers);
  }

  async function upload(files) {
    if (!files.length) return;
    if (files.length > 1) return refuse(words.one);
    // The server checks again; here it saves sending what would be refused.
    if (files[0].size > model.get("most_bytes")) return refuse(words.large);
    ask({ kind: "file" }, [await files[0].arrayBuffer()]);
  }

  function refuse(says) {
    clearTimeout(waiting);
    result.replaceChildren();
    status.textContent = says;
    status.className = "status refused";
  }

  input.addEventListener("change", async () => {
    await upload(input.files);
    input.value = ""; // So that the same file can be chosen again.
  });
  for (const kind of ["dragenter", "dragover"])
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    upload(event.dataTransfer.files);
  });

  model.on("msg:custom", (answer) => {
    // Another window on the slice that is shown already.
    if (answer.view) {
      const view = result.querySelector(".eye img");
      if (view) view.src = answer.view;
      return;
    }
    clearTimeout(waiting);
    if (answer.refused) refuse(answer.says);
    else status.textContent = answer.says;
    result.replaceChildren(...(answer.refused ? refused(answer) : answered(answer)));
  });

  function refused(answer) {
    const shown = answer.slice ? [enlarged(figure(answer.slice, words.seen, words.seen, "one"))] : [];
    return [...shown, ...throughWindow(answer), ...signed(answer)];
  }

  // Who answered, a link to its model card, and a report to keep.
  function signed(answer) {
    if (!answer.card) return [];
    const link = make("a", { href: `#${id}-card` }, words.card);
    const rows = answer.card.map(([name, value]) =>
      make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value)),
    );
    const card = make(
      "details",
      { id: `${id}-card` },
      make("summary", {}, words.card),
      make("table", {}, ...rows),
    );
    link.addEventListener("click", () => (card.open = true));
    const keep = make("button", { type: "button", onclick: () => save(answer.report) }, words.report);
    return [make("p", { class: "limits" }, `${answer.by} `, link), keep, card];
  }

  function save(text) {
    const address = URL.createObjectURL(new Blob([text], { type: "text/html" }));
    make("a", { href: address, download: "report.html" }).click();
    URL.revokeObjectURL(address);
  }

  function slider(label, [least, most, value], moved) {
    const input = make("input", { type: "range", min: least, max: most, step: "any" });
    input.value = value;
    input.addEventListener("input", () => moved(Number(input.value)));
    return make("label", { class: "slider" }, make("span", {}, label), input);
  }

  // The picture grows inside its frame, which scrolls.
  function enlarged(shown) {
    const [frame] = shown.getElementsByTagName("div");
    const layers = make("div", { class: "layers" }, ...frame.childNodes);
    frame.classList.add("frame");
    frame.tabIndex = 0;
    frame.replaceChildren(layers);
    shown.append(slider(words.zoom, [1, 6, 1], (times) => (layers.style.width = `${100 * times}%`)));
    return shown;
  }

  function throughWindow(answer) {
    if (!answer.eye) return [];
    const at = { centre: answer.eye.centre[2], width: answer.eye.width[2] };
    const shown = enlarged(figure(answer.eye.view, words.eye, words.eye, "one eye"));
    for (const name of ["centre", "width"])
      shown.append(
        slider(words[name], answer.eye[name], (value) => {
          at[name] = value;
          model.send({ kind: "window", ...at });
        }),
      );
    shown.append(make("p", { class: "limits" }, words.about_eye));
    return [shown];
  }

  function answered(answer) {
    const heat = make("img", { class: "heat", src: answer.heat, alt: "" });
    const seen = figure(answer.slice, answer.alt, answer.where, "one");
    seen.querySelector("div").append(heat);
    enlarged(seen);
    const box = make("input", { type: "checkbox", checked: "" });
    box.addEventListener("change", () => (heat.hidden = !box.checked));
    seen.append(make("label", { class: "tick" }, box, words.heat));

    const rows = answer.probabilities.map(({ name, share, colour }) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, name),
        make(
          "td",
          { class: "bar", "aria-hidden": "true" },
          make("span", { style: `width: ${100 * share}%; background: ${colour}` }),
        ),
        make("td", { class: "share" }, `${Math.round(100 * share)}%`),
      ),
    );
    const table = make("table", {}, make("caption", {}, words.probabilities), ...rows);
    const kept = ["promised", "happened"].map((key) =>
      make("tr", {}, make("th", { scope: "row" }, words[key]), make("td", {}, answer[key])),
    );
    const promise = make("table", {}, make("caption", {}, words.kept), ...kept);
    const cases = answer.similar.map((one) =>
      make("li", {}, figure(one.slice, one.says, one.caption, "case")),
    );
    return [
      make("div", { class: "columns" }, seen, make("div", {}, table, promise, make("p", {}, words.calibrated))),
      ...throughWindow(answer),
      ...signed(answer),
      make("h2", {}, words.similar),
      make("ul", { class: "cases" }, ...cases),
      make("p", { class: "limits" }, words.about_similar),
    ];
  }

  function figure(source, alt, caption, kind) {
    return make(
      "figure",
      { class: kind },
      make("div", {}, make("img", { src: source, alt })),
      make("figcaption", {}, caption),
    );
  }

  model.send({ kind: "ready" });
}

export default { render };
