/* Draws the charts when they come into view, and fills the explorer and the gallery. */
"use strict";
(async () => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 760px)");
  const coarse = matchMedia("(pointer: coarse)");
  const JACOBIANS = { input: "J<sub>I</sub>", latent: "J<sub>L</sub>" };
  const SYMBOLS = { input: "circle", latent: "square" };
  const hidden = { dataset: new Set(), score: new Set(), jacobian: new Set() };
  const MARKS = {
    reproduced: "✔", "not reproduced": "✘", undetermined: "?", "not judged": "–", "does not apply": "·",
  };
  const models = new Map();
  const claims = new Map();
  const turns = new Map();
  const select = (id) => document.getElementById(id);
  const chosen = () => ["latent_dim", "seed", "dataset"].map((id) => select(id).value);
  const variantName = () => select("variant").value;
  /* Charts, reconstructions and training set of the chosen variant. */
  let shown = null;

  async function unpack(id) {
    const letters = atob(select(id).textContent);
    const bytes = new Uint8Array(letters.length);
    // Ten times as fast as Uint8Array.from with a function.
    for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  }

  async function model(latentDim, seed) {
    const key = `model-${variantName()}-d${latentDim}_seed${seed}`;
    if (!models.has(key)) models.set(key, JSON.parse(await unpack(key)));
    return models.get(key);
  }

  // ---- Charts ---------------------------------------------------------------------------------

  function themed(value) {
    if (!dark.matches) return value;
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
    const name = element.dataset.chart;
    const specification = shown.charts[name] ?? (await explorerCharts())[name];
    element.closest(".panel").hidden = !specification;
    if (!specification) return;
    if (specification.title) element.closest(".panel").querySelector("h4").innerHTML = specification.title;
    const { data, layout } = dressed(themed(specification));
    await Plotly.react(element, data, layout, {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    });
    element.classList.add("drawn");
  }

  const drawn = () => [...document.querySelectorAll(".chart.drawn")];
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

  const total = (counts) => counts.reduce((sum, count) => sum + count, 0);
  const shares = (counts, all) => counts.map((count) => (all ? count / all : null));
  const middles = (edges) => edges.slice(1).map((edge, index) => (edge + edges[index]) / 2);
  const withSubscripts = (text) =>
    text
      .replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
      .replace(/J_([IL])/g, "J<sub>$1</sub>");
  const axis = (text, others) => ({ title: { text }, ...others });
  const LEGEND = { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" };

  async function explorerCharts() {
    const [latentDim, seed, dataset] = chosen();
    const { datasets } = await model(latentDim, seed);
    const [content, training] = [datasets[dataset], datasets[shown.training_set]];
    return {
      plane_input: plane(content, "input"),
      plane_latent: plane(content, "latent"),
      modulus_by_index: moduliByIndex(content, training),
      log_modulus: distribution(content, training, "log_abs", page.log_modulus_edges, {
        xaxis: axis("ln |λ|"),
      }),
      angle: distribution(content, training, "abs_arg", page.angle_edges, {
        xaxis: axis("|arg λ| (rad)", {
          tickvals: [0, 1, 2, 3, 4].map((quarter) => (quarter * Math.PI) / 4),
          ticktext: ["0", "π/4", "π/2", "3π/4", "π"],
        }),
      }),
      difference: differences(content),
    };
  }

  /* Rows of the view count |Im|: each but the first stands for two rows of the plane. */
  function plane(content, jacobian) {
    const cells = page.plane_cells;
    const middle = (cells - 1) / 2;
    const { plane: counts } = content.jacobians[jacobian];
    const edge = content.half_width;
    const position = Array.from({ length: cells }, (_, cell) => ((2 * cell + 1) / cells - 1) * edge);
    const rows = position.map((_, row) => {
      const distance = Math.abs(row - middle);
      const half = counts.slice(distance * cells, (distance + 1) * cells);
      return distance ? half.map((count) => count / 2) : half;
    });
    const highest = Math.ceil(Math.log10(Math.max(1, ...counts)));
    const powers = Array.from({ length: highest + 1 }, (_, power) => power);
    const range = { range: [-edge, edge], zeroline: true };
    return {
      data: [
        {
          type: "heatmap", x: position, y: position, customdata: rows,
          z: rows.map((row) => row.map((count) => (count ? Math.log10(count) : null))),
          zmin: 0, zmax: highest, colorscale: "Cividis", reversescale: !dark.matches,
          hovertemplate: "λ ≈ %{x:.2f} + %{y:.2f} i: %{customdata}<extra></extra>",
          colorbar: {
            title: { text: "eigenvalues in a cell", side: "top" }, orientation: "h",
            tickvals: powers, ticktext: powers.map((power) => `10<sup>${power}</sup>`),
            thickness: 10, x: 0.5, y: 1.01, yanchor: "bottom", len: 0.6,
          },
        },
      ],
      layout: {
        margin: { t: 66 },
        xaxis: axis("Re λ", { ...range, constrain: "domain", automargin: false }),
        yaxis: axis("Im λ", {
          ...range, scaleanchor: "x", constrain: "domain", constraintoward: "top", automargin: false,
        }),
        shapes: [
          { type: "circle", x0: -1, x1: 1, y0: -1, y1: 1, line: { color: "#cc3311", width: 1.5 } },
        ],
      },
    };
  }

  function moduliByIndex(content, training) {
    const index = content.jacobians.input.mean_abs_by_index.map((_, position) => position + 1);
    const lines = Object.entries(JACOBIANS).map(([jacobian, symbol]) => ({
      type: "scatter", mode: "lines+markers", name: symbol, x: index,
      y: content.jacobians[jacobian].mean_abs_by_index,
      line: { color: page.jacobian_colors[jacobian], dash: jacobian === "latent" ? "6px,3px" : "solid" },
      marker: { symbol: SYMBOLS[jacobian], size: 7 },
    }));
    return {
      data: [
        {
          type: "scatter", mode: "lines", name: "training set, J<sub>I</sub>", x: index,
          y: training.jacobians.input.mean_abs_by_index, line: { color: "#777777", width: 4 },
        },
        ...lines,
      ],
      layout: {
        showlegend: true, legend: LEGEND,
        xaxis: axis("index k, by decreasing |λ|", { tickformat: "d", dtick: Math.ceil(index.length / 10) }),
        yaxis: axis("mean |λ<sub>k</sub>|", { rangemode: "tozero" }),
      },
    };
  }

  function distribution(content, training, quantity, edges, layout) {
    const nonzero = (part) =>
      total(part[quantity]) +
      (quantity === "log_abs" ? part.log_abs_below + part.log_abs_above : 0);
    const curve = (part, others) => ({
      type: "scatter", mode: "lines", x: middles(edges), customdata: part[quantity],
      y: shares(part[quantity], nonzero(part)), ...others,
      hovertemplate: "%{x:.2f}: %{customdata} eigenvalues, %{y:.3g}",
    });
    return {
      data: [
        curve(training.jacobians.input, {
          name: "training set, J<sub>I</sub>", fill: "tozeroy", fillcolor: "rgba(128,128,128,.28)",
          line: { color: "#777777", width: 1, shape: "hvh" },
        }),
        ...Object.entries(JACOBIANS).map(([jacobian, symbol]) =>
          curve(content.jacobians[jacobian], {
            name: symbol,
            line: {
              color: page.jacobian_colors[jacobian], shape: "hvh", width: 2,
              dash: jacobian === "latent" ? "6px,3px" : "solid",
            },
          }),
        ),
      ],
      layout: {
        ...layout, showlegend: true, legend: LEGEND,
        yaxis: axis("share of nonzero λ", { rangemode: "tozero" }),
      },
    };
  }

  function differences(content) {
    const kinds = [
      [1, "det > 0", "#0077bb", "circle-open"],
      [-1, "det < 0", "#cc3311", "x"],
      [0, "undetermined", "#777777", "diamond-open"],
    ];
    return {
      data: kinds.map(([sign, name, color, symbol]) => {
        const rows = content.sign.flatMap((found, row) => (found === sign ? [row] : []));
        return {
          type: "scatter", mode: "markers", name,
          x: rows.map((row) => content.error[row]),
          y: rows.map((row) => content.difference[row]),
          customdata: rows,
          marker: { color, symbol, size: 6 },
          hovertemplate: "point %{customdata}: error %{x:.4g}, difference %{y:.4g}",
        };
      }),
      layout: {
        showlegend: true, legend: LEGEND,
        xaxis: axis("reconstruction error ‖y − x‖²", { type: "log" }),
        yaxis: axis("‖λ(J<sub>I</sub>) − λ(J<sub>L</sub>)‖", {
          type: "log", exponentformat: "power",
        }),
      },
    };
  }

  const percent = (share) => (share === null ? "none determined" : `${+(100 * share).toPrecision(4)} %`);

  function fillFacts(content, latentDim) {
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
    select("facts").tBodies[0].innerHTML = rows.join("");
  }

  function strip(image, source, words) {
    image.onload = () => {
      image.width = 3 * image.naturalWidth;
      image.height = 3 * image.naturalHeight;
    };
    image.src = `data:image/png;base64,${source}`;
    image.alt = words;
  }

  async function showExplorer() {
    const [latentDim, seed, dataset] = chosen();
    const content = (await model(latentDim, seed)).datasets[dataset];
    const name = page.names[dataset];
    fillFacts(content, latentDim);
    strip(select("sample-input"), page.inputs[dataset], `Sample points of ${name}`);
    strip(
      select("sample-output"), shown.strips[seed][latentDim][dataset],
      `Their reconstructions at d = ${latentDim}, seed ${seed}`,
    );
    const dynamic = drawn().filter((element) => !(element.dataset.chart in shown.charts));
    await Promise.all(dynamic.map(draw));
    const outside = Object.values(content.jacobians).map((part) => part.outside_plane);
    select("explorer-shown").innerHTML = withSubscripts(
      `${name}, d = ${latentDim}, seed ${seed}: ${content.points.toLocaleString("en")} points, mean ` +
      `reconstruction error ${content.mean_error}; x and y switch on the same units at ` +
      `${percent(content.share_same_pattern)} of them. Beyond the edge of the planes: ` +
      `${outside[0]} eigenvalues of J_I, ${outside[1]} of J_L.`,
    );
    select("explorer").dataset.shown = [latentDim, seed, dataset].join(" ");
    select("explorer").dataset.variant = variantName();
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
            `src="data:image/png;base64,${strips[dataset]}"></td>`,
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

  /* The seeds of a latent dimension: a variant need not have all of them at each. */
  function fillSeeds() {
    const dim = Number(select("latent_dim").value);
    const models = page.models[variantName()];
    fillChoice("seed", models.filter(([own]) => own === dim).map(([, seed]) => seed));
  }

  async function showVariant() {
    const name = variantName();
    shown = JSON.parse(await unpack(`variant-${name}`));
    const models = page.models[name];
    const unique = (values) => [...new Set(values)].sort((one, other) => one - other);
    const dims = unique(models.map(([dim]) => dim));
    fillChoice("latent_dim", dims, String(dims.find((dim) => dim >= 12) ?? dims.at(-1)));
    fillSeeds();
    fillChoice("gallery-seed", unique(models.map(([, seed]) => seed)));
    for (const block of document.querySelectorAll("[data-variants]")) {
      block.hidden = !block.dataset.variants.split(" ").includes(name);
    }
    for (const text of document.querySelectorAll(".variant-name")) text.textContent = name;
    for (const link of document.querySelectorAll("[data-file]")) link.href = `${name}/${link.dataset.file}`;
    showGallery();
  }

  async function changeVariant() {
    await showVariant();
    await Promise.all(drawn().map(draw));
    await showExplorer();
  }

  // ---- Evidence -------------------------------------------------------------------------------

  /* Rows of the table of claims; none of its cells has a comma. */
  async function readClaims(variant) {
    const lines = (await unpack(`file-${variant}/claims.csv`)).trim().split("\n");
    const [names, ...rows] = lines.map((line) => line.split(","));
    return rows.map((cells) => Object.fromEntries(names.map((name, place) => [name, cells[place]])));
  }

  const CONDITION = "condition/";
  const isNumberOfNetwork = (statistic) =>
    !/^(condition|share_of_\w+)\/|^verdict$|^main_point_variance$/.test(statistic);
  const brief = (text) => (text && text !== "nan" ? `${+Number(text).toPrecision(4)}` : "–");
  const marked = (verdict) =>
    verdict ? `<span data-verdict="${verdict}">${MARKS[verdict]} ${verdict}</span>` : "–";
  const HOLDS = [
    ["not reproduced", "✘ does not hold"], ["reproduced", "✔ holds"],
  ];
  const holds = ({ value }) => {
    const [verdict, words] = HOLDS[Number(value)] ?? ["undetermined", "? undetermined"];
    return `<span data-verdict="${verdict}">${words}</span>`;
  };

  /* The networks behind a claim: one statistic of each, and which statements hold of it. */
  async function showNetworks(claim) {
    const place = claim.querySelector("[data-networks]");
    const [variant, name] = claim.id.split("/");
    if (!claims.has(variant)) claims.set(variant, readClaims(variant));
    const rows = (await claims.get(variant)).filter((row) => row.claim === name && row.seed);
    const statistics = [...new Set(rows.map((row) => row.statistic))];
    const numbers = statistics.filter(isNumberOfNetwork);
    if (!numbers.length || place.childElementCount) return;
    const statements = statistics.filter((one) => one.startsWith(CONDITION));
    const words = statements.map((one) => one.slice(CONDITION.length).replaceAll("_", " "));
    const heads = ["d", "seed", "value", "95 % interval", "verdict on it", ...words];
    place.innerHTML =
      '<p><label>The networks behind it, by <select></select></label></p><div class="scroll" ' +
      `tabindex="0" role="region" aria-label="Networks behind ${name}"><table><thead><tr>${heads
        .map((head) => `<th scope="col">${head}</th>`)
        .join("")}</tr></thead><tbody></tbody></table></div>`;
    const [choice, table] = [place.querySelector("select"), place.querySelector("tbody")];
    choice.append(...numbers.map((one) => new Option(one === "main" ? place.dataset.main : one, one)));
    if (numbers.includes("main")) choice.value = "main";

    function fill() {
      const networks = new Map();
      for (const row of rows) {
        const key = `${row.latent_dim}/${row.seed}`;
        if (!networks.has(key)) networks.set(key, { key: row });
        networks.get(key)[row.statistic] = row;
      }
      const wanted = [choice.value, ...statements];
      const found = [...networks.values()].filter((own) => wanted.some((one) => own[one]));
      found.sort((one, other) => one.key.latent_dim - other.key.latent_dim || one.key.seed - other.key.seed);
      table.innerHTML = found
        .map(({ key, [choice.value]: own = {}, ...others }) => {
          const link = `#explorer/${variant}/${key.latent_dim}/${key.seed}/${shown.training_set}`;
          const cells = [
            key.seed,
            brief(own.value),
            brief(own.low) === "–" ? "–" : `${brief(own.low)} to ${brief(own.high)}`,
            marked(own.verdict),
            ...statements.map((one) => (others[one] ? holds(others[one]) : "")),
          ];
          const head = key.latent_dim ? `<a href="${link}">${key.latent_dim}</a>` : "all";
          return `<tr><th scope="row">${head}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
        })
        .join("");
    }
    choice.addEventListener("change", fill);
    fill();
  }

  // ---- Files ----------------------------------------------------------------------------------

  /* The page carries the files that it links to along: where it lies alone, there are no others. */
  async function save(event) {
    const link = event.target.closest("a[href]");
    const file = link?.getAttribute("href");
    if (!file || !select(`file-${file}`)) return;
    event.preventDefault();
    const url = URL.createObjectURL(new Blob([await unpack(`file-${file}`)], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: url, download: file.replace("/", "_") }).click();
    URL.revokeObjectURL(url);
  }

  // ---- Links into the page --------------------------------------------------------------------

  /* #claims/VARIANT/CLAIM leads to a claim, #explorer/VARIANT/D/SEED/SET to a state of the explorer. */
  async function follow() {
    const [place, variant, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
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
      const [dim, seed, dataset] = rest;
      select("latent_dim").value = dim;
      fillSeeds();
      select("seed").value = seed;
      select("dataset").value = dataset;
      await showExplorer();
      select("explorer").scrollIntoView();
    }
  }

  function remember() {
    const state = [variantName(), ...chosen()].map(encodeURIComponent).join("/");
    history.replaceState(null, "", `#explorer/${state}`);
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

  /* Charts that were never in view are drawn before the page is printed, and folded text is opened. */
  async function drawForPrint() {
    for (const one of document.querySelectorAll("details")) one.open = true;
    const shownClaims = [...document.querySelectorAll(".claim")].filter((one) => one.offsetParent);
    await Promise.all(shownClaims.map(showNetworks));
    const visible = [...document.querySelectorAll(".chart")].filter((one) => one.offsetParent);
    await Promise.all(visible.map(draw));
  }

  colorLegends();
  await showVariant();
  await new Promise(requestAnimationFrame);
  const library = document.createElement("script");
  library.textContent = await unpack("plotly");
  document.head.append(library);
  for (const element of document.querySelectorAll(".chart")) observer.observe(element);
  for (const id of ["latent_dim", "seed", "dataset"]) {
    select(id).addEventListener("change", () => {
      if (id === "latent_dim") fillSeeds();
      remember();
      showExplorer();
    });
  }
  select("variant").addEventListener("change", changeVariant);
  select("gallery-seed").addEventListener("change", showGallery);
  document.addEventListener("change", toggle);
  document.addEventListener("click", toggleAll);
  document.addEventListener("click", save);
  document.addEventListener("toggle", ({ target }) => target.matches(".claim[open]") && showNetworks(target), true);
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", drawForPrint);
  for (const query of [dark, narrow]) {
    query.addEventListener("change", () => {
      colorLegends();
      drawn().forEach(draw);
    });
  }
  await showExplorer();
  await follow();
})();
