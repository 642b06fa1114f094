/* Draws the charts when they come into view, and fills the explorer and the gallery. */
"use strict";
(async () => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 760px)");
  /* Paper is light, and says so by this class as long as the page is printed. */
  const { classList } = document.documentElement;
  const isDark = () => dark.matches && !classList.contains("printed");
  const coarse = matchMedia("(pointer: coarse)");
  const hidden = { dataset: new Set(), score: new Set(), jacobian: new Set(), latent_dim: new Set() };
  const contents = new Map();
  const models = new Map();
  const blocks = new Map();
  const claims = new Map();
  const turns = new Map();
  const select = (id) => document.getElementById(id);
  const variantName = () => select("variant").value;
  /* Of what is side by side in the explorer, the ends of the ids of its controls. */
  const sides = () => (select("compare").checked ? ["", "-2"] : [""]);
  const CONTROLS = ["variant", "latent_dim", "seed", "dataset"];
  const chosen = (side) => CONTROLS.map((id) => select(id + side).value);
  const linkTo = (choices) => `#explorer/${choices.flat().map(encodeURIComponent).join("/")}`;
  /* Charts, reconstructions and training set of the chosen variant. */
  let shown = null;
  /* Charts of each side of the explorer. */
  let explored = {};

  const contentOf = (variant) => unpackOnce(contents, `variant-${variant}`);
  const modelOf = ([variant, latentDim, seed]) =>
    unpackOnce(models, `model-${variant}-d${latentDim}_seed${seed}`);

  // ---- Charts ---------------------------------------------------------------------------------

  function themed(value) {
    if (!isDark()) return value;
    return JSON.parse(
      JSON.stringify(value).replace(/#[0-9a-f]{6}/g, (color) => page.dark_colors[color] ?? color),
    );
  }

  function isHidden(trace) {
    return Boolean(trace.meta && hidden[trace.meta.group]?.has(trace.meta.member));
  }

  function dressed({ data, layout }) {
    const style = getComputedStyle(document.documentElement);
    const [text, grid, raised] = ["--text", "--grid", "--raised"].map((name) =>
      style.getPropertyValue(name).trim(),
    );
    const full = {
      ...structuredClone(layout),
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 12, family: "system-ui, DejaVu Sans, sans-serif" },
      hoverlabel: { bgcolor: raised, font: { color: text }, namelength: -1 },
      margin: { l: 62, r: 12, t: layout.showlegend ? 30 : 8, b: 44, ...layout.margin },
      dragmode: coarse.matches || narrow.matches ? false : "zoom",
      showlegend: layout.showlegend ?? false,
    };
    for (const name of Object.keys(full).filter((key) => /^[xy]axis\d*$/.test(key))) {
      full[name] = {
        gridcolor: grid, linecolor: text, zeroline: false, automargin: true, ...full[name],
      };
    }
    return {
      data: data.map((trace) => ({ ...trace, visible: !isHidden(trace) })),
      layout: full,
    };
  }

  /* One drawing of an element after the other: Plotly mixes up those that overlap. */
  function draw(element) {
    const turn = (turns.get(element) ?? Promise.resolve()).then(() => drawNow(element));
    turns.set(element, turn);
    return turn;
  }

  async function drawNow(element) {
    const { chart: name, side } = element.dataset;
    const specification = (side === undefined ? shown.charts : explored[side])?.[name];
    element.closest(".panel").hidden = !specification;
    if (!specification) return;
    if (specification.title) element.closest(".panel").querySelector("h4").innerHTML = specification.title;
    const { data, layout } = dressed(themed(specification));
    await Plotly.react(element, data, layout, {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    });
    Plotly.Plots.resize(element);
    element.classList.add("drawn");
  }

  const drawn = () => [...document.querySelectorAll(".chart.drawn")];
  const redraw = (isExplorer) =>
    Promise.all(drawn().filter(({ dataset }) => "side" in dataset === isExplorer).map(draw));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) {
          observer.unobserve(target);
          draw(target);
        }
      }
    },
    { rootMargin: "250px" },
  );

  // ---- Explorer -------------------------------------------------------------------------------

  const withSubscripts = (text) =>
    text
      .replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
      .replace(/J_([IL])/g, "J<sub>$1</sub>");
  const percent = (share) => (share === null ? "none determined" : `${+(100 * share).toPrecision(4)} %`);

  function fillFacts(table, content, latentDim) {
    const rows = Object.entries(JACOBIANS).map(([jacobian, symbol]) => {
      const part = content.jacobians[jacobian];
      const cells = [
        part.mean_abs,
        percent(part.share_reversed),
        percent(part.share_undetermined),
        percent(part.zeros / (content.points * latentDim)),
      ];
      return `<tr data-jacobian="${jacobian}"><th scope="row">${symbol}</th>${cells
        .map((cell) => `<td>${cell}</td>`)
        .join("")}</tr>`;
    });
    table.tBodies[0].innerHTML = rows.join("");
  }

  function strip(image, source, words) {
    image.onload = () => {
      image.width = 3 * image.naturalWidth;
      image.height = 3 * image.naturalHeight;
    };
    image.src = source;
    image.alt = words;
  }

  async function showExplorer() {
    const choices = sides().map((side) => chosen(side));
    const loaded = await Promise.all(
      choices.map(async (choice) => [await contentOf(choice[0]), await modelOf(choice)]),
    );
    // Something else may have been chosen meanwhile, which shows itself.
    if (linkTo(choices) !== linkTo(sides().map((side) => chosen(side)))) return;
    select("sides").classList.toggle("compared", choices.length > 1);
    select("second").hidden = choices.length < 2;
    const charts = sides().map((side, place) => showSide(side, choices[place], ...loaded[place]));
    if (charts.length > 1) for (const name of Object.keys(charts[0])) align(charts.map((one) => one[name]));
    explored = Object.fromEntries(sides().map((side, place) => [side, charts[place]]));
    await redraw(true);
    const [[variant, ...first], second = []] = choices;
    Object.assign(select("explorer").dataset, {
      variant, shown: first.join(" "), second: second.join(" "),
    });
  }

  /* Show what has no chart, and return the charts. */
  function showSide(side, choice, { training_set: training, strips }, { datasets }) {
    const [variant, latentDim, seed, dataset] = choice;
    const content = datasets[dataset];
    const name = page.names[dataset];
    fillFacts(select(`facts${side}`), content, latentDim);
    strip(select(`sample-input${side}`), page.inputs[dataset], `Sample points of ${name}`);
    strip(
      select(`sample-output${side}`), strips[seed][latentDim][dataset],
      `Their reconstructions at d = ${latentDim}, seed ${seed}`,
    );
    const outside = Object.values(content.jacobians).map((part) => part.outside_plane);
    select(`explorer-shown${side}`).innerHTML = withSubscripts(
      `${name}, d = ${latentDim}, seed ${seed}, ${variant}: ${content.points.toLocaleString("en")} ` +
      `points, mean reconstruction error ${content.mean_error}; x and y switch on the same units at ` +
      `${percent(content.share_same_pattern)} of them. Beyond the edge of the planes: ` +
      `${outside[0]} eigenvalues of J_I, ${outside[1]} of J_L.`,
    );
    return explorerCharts(content, datasets[training], page, dark.matches);
  }

  // ---- Gallery --------------------------------------------------------------------------------

  function showGallery() {
    const seed = select("gallery-seed").value;
    const names = Object.entries(page.names);
    const mark = (dataset) => (dataset === shown.training_set ? ' class="training"' : "");
    const cells = (strips, words) =>
      names
        .map(
          ([dataset, name]) =>
            `<td${mark(dataset)}><img loading="lazy" alt="${words}, ${name}" ` +
            `src="${strips[dataset]}"></td>`,
        )
        .join("");
    const heads = names.map(([, name]) => `<th scope="col">${name.replace("(", "<wbr>(")}</th>`).join("");
    const rows = Object.entries(shown.strips[seed]).map(
      ([latentDim, strips]) =>
        `<tr><th scope="row">d&nbsp;=&nbsp;${latentDim}</th>${cells(strips, `d = ${latentDim}`)}</tr>`,
    );
    select("reconstructions").innerHTML =
      `<thead><tr><th></th>${heads}</tr></thead><tbody><tr><th scope="row">input</th>` +
      `${cells(page.inputs, "input")}</tr>${rows.join("")}</tbody>`;
    for (const image of select("reconstructions").querySelectorAll("img")) {
      image.onload = () => (image.style.height = `${image.naturalHeight}px`);
    }
  }

  // ---- Variants -------------------------------------------------------------------------------

  function fillChoice(id, values, preferred) {
    const before = select(id).value;
    const texts = values.map(String);
    select(id).innerHTML = texts.map((text) => `<option value="${text}">${text}</option>`).join("");
    select(id).value = texts.includes(before) ? before : preferred ?? texts[0];
  }

  const unique = (values) => [...new Set(values)].sort((one, other) => one - other);

  /* The models of a variant: it need not have all seeds at each latent dimension. */
  function fillModels(side) {
    const models = page.models[chosen(side)[0]];
    const dims = unique(models.map(([dim]) => dim));
    fillChoice(`latent_dim${side}`, dims, String(dims.find((dim) => dim >= 12) ?? dims.at(-1)));
    const chosenDim = Number(chosen(side)[1]);
    fillChoice(`seed${side}`, models.filter(([dim]) => dim === chosenDim).map(([, seed]) => seed));
  }

  /* Put what is packed in a block in its place, once. */
  function fill(block) {
    if (!blocks.has(block)) {
      blocks.set(block, unpacked(block.textContent).then((html) => {
        block.innerHTML = html;
        for (const element of block.querySelectorAll(".chart")) observer.observe(element);
      }));
    }
    return blocks.get(block);
  }

  async function showVariant() {
    const name = variantName();
    shown = await contentOf(name);
    fillModels("");
    fillChoice("gallery-seed", unique(page.models[name].map(([, seed]) => seed)));
    const isOf = ({ dataset }) => dataset.variants.split(" ").includes(name);
    await Promise.all([...document.querySelectorAll("[data-packed]")].filter(isOf).map(fill));
    for (const block of document.querySelectorAll("[data-variants]")) block.hidden = !isOf(block);
    for (const text of document.querySelectorAll(".variant-name")) text.textContent = name;
    for (const link of document.querySelectorAll("[data-file]")) link.href = `${name}/${link.dataset.file}`;
    showGallery();
  }

  async function changeVariant() {
    await showVariant();
    if (location.hash.startsWith("#explorer/")) remember();
    await Promise.all([showExplorer(), redraw(false), claimsOf(variantName())]);
  }

  // ---- Evidence -------------------------------------------------------------------------------

  function claimsOf(variant) {
    if (!claims.has(variant)) claims.set(variant, unpack(`file-${variant}/claims.csv`).then(claimRows));
    return claims.get(variant);
  }

  async function showEvidence(claim) {
    const [variant, name] = claim.id.split("/");
    const rows = (await claimsOf(variant)).filter((row) => row.claim === name && row.seed);
    const { training_set: dataset } = await contentOf(variant);
    showNetworks(claim.querySelector("[data-networks]"), name, rows, ({ latent_dim: dim, seed }) =>
      linkTo([[variant, dim, seed, dataset]]),
    );
  }

  // ---- Files ----------------------------------------------------------------------------------

  /* The page carries the files that it links to along: where it lies alone, there are no others. */
  async function save(event) {
    const link = event.target.closest("a[href]");
    const file = link?.getAttribute("href");
    if (!file || !select(`file-${file}`)) return;
    event.preventDefault();
    const url = URL.createObjectURL(new Blob([await unpack(`file-${file}`)], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: url, download: file.replaceAll("/", "_") }).click();
    // The browser has read it by then.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  // ---- Links into the page --------------------------------------------------------------------

  /* Choose what there is of a variant, latent dimension, seed and data set. */
  function choose(side, values) {
    CONTROLS.forEach((id, place) => {
      const control = select(id + side);
      const wanted = String(values[place]);
      if ([...control.options].some((option) => option.value === wanted)) control.value = wanted;
      if (id === "variant" || id === "latent_dim") fillModels(side);
    });
  }

  /* Set beside the first choice the same model on another data set. */
  function chooseSecond() {
    const [variant, latentDim, seed, dataset] = chosen("");
    const training = shown.training_set;
    const other = dataset === training ? Object.keys(page.names).findLast((one) => one !== training) : training;
    choose("-2", [variant, latentDim, seed, other]);
  }

  /* #claims/VARIANT/CLAIM leads to a claim, #explorer/VARIANT/D/SEED/SET to a state of the explorer,
     and twice as many parts to one with two choices side by side. */
  async function follow() {
    const [place, variant, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
    if (!rest.length || !(variant in page.models)) return;
    if (variant !== variantName()) {
      select("variant").value = variant;
      await changeVariant();
    }
    if (place === "claims") {
      const claim = select(`${variant}/${rest[0]}`);
      if (claim) {
        claim.open = true;
        claim.scrollIntoView();
      }
    }
    if (place === "explorer") {
      choose("", [variant, ...rest.slice(0, 3)]);
      select("compare").checked = rest.length > 3;
      if (rest.length > 3) choose("-2", rest.slice(3));
      await showExplorer();
      select("explorer").scrollIntoView();
    }
  }

  function remember() {
    history.replaceState(null, "", linkTo(sides().map(chosen)));
  }

  // ---- Switches -------------------------------------------------------------------------------

  function colorLegends() {
    for (const swatch of document.querySelectorAll("svg[data-color]")) {
      swatch.style.color = themed({ color: swatch.dataset.color }).color;
    }
  }

  function setHidden(group, members, isHiddenNow) {
    for (const member of members) {
      hidden[group][isHiddenNow ? "add" : "delete"](member);
      const twins = `input[data-group="${group}"][data-member="${CSS.escape(member)}"]`;
      for (const box of document.querySelectorAll(twins)) box.checked = !isHiddenNow;
    }
    drawn()
      .filter((element) => element.data.some((trace) => trace.meta?.group === group))
      .forEach(draw);
  }

  function toggle({ target }) {
    const { group, member } = target.dataset;
    if (group) setHidden(group, [member], !target.checked);
  }

  function toggleAll({ target }) {
    const group = target.dataset.all ?? target.dataset.none;
    if (!group) return;
    const boxes = document.querySelectorAll(`input[data-group="${group}"]`);
    setHidden(group, new Set([...boxes].map((box) => box.dataset.member)), "none" in target.dataset);
  }

  /* Charts that were never in view are drawn before the page is printed, and folded text is opened. The
     browser waits for promises that are kept, and for nothing else: Plotly draws at once, and the
     table of claims has been unpacked. */
  function drawForPrint() {
    classList.add("printed");
    for (const one of document.querySelectorAll("details")) one.open = true;
    const visible = (name) => [...document.querySelectorAll(name)].filter((one) => one.offsetParent);
    visible(".chart").forEach(draw);
    visible(".claim").forEach(showEvidence);
  }

  function returnToScreen() {
    classList.remove("printed");
    if (dark.matches) drawn().forEach(draw);
  }

  colorLegends();
  await showVariant();
  await new Promise(requestAnimationFrame);
  const library = document.createElement("script");
  library.textContent = await unpack("plotly");
  document.head.append(library);
  choose("-2", chosen(""));
  await showExplorer();
  for (const element of document.querySelectorAll(".chart")) observer.observe(element);
  select("explorer").addEventListener("change", ({ target }) => {
    if (target.id === "compare" && target.checked) chooseSecond();
    for (const side of sides()) fillModels(side);
    remember();
    showExplorer();
  });
  select("variant").addEventListener("change", changeVariant);
  select("gallery-seed").addEventListener("change", showGallery);
  document.addEventListener("change", toggle);
  document.addEventListener("click", toggleAll);
  document.addEventListener("click", save);
  document.addEventListener("toggle", ({ target }) => target.matches(".claim[open]") && showEvidence(target), true);
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", drawForPrint);
  addEventListener("afterprint", returnToScreen);
  for (const query of [dark, narrow]) {
    query.addEventListener("change", () => {
      colorLegends();
      showExplorer();
      redraw(false);
    });
  }
  await follow();
  await claimsOf(variantName());
})();
