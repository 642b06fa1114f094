/* The networks behind a claim, from the table of claims. */
"use strict";

const MARKS = {
  reproduced: "✔", "not reproduced": "✘", undetermined: "?", "not judged": "–", "does not apply": "·",
};
const CONDITION = "condition/";
const HOLDS = { 0: ["not reproduced", "✘ does not hold"], 1: ["reproduced", "✔ holds"] };

/* Rows of the table as objects; none of its cells has a comma. */
function claimRows(csv) {
  const [names, ...rows] = csv.trim().split("\n").map((line) => line.split(","));
  return rows.map((cells) => Object.fromEntries(names.map((name, place) => [name, cells[place]])));
}

const isNumberOfNetwork = (statistic) =>
  !/^(condition|share_of_\w+)\/|^verdict$|^main_point_variance$/.test(statistic);
const brief = (text) => (text && text !== "nan" ? String(+Number(text).toPrecision(4)) : "–");
const toned = (verdict, words) => `<span data-verdict="${verdict}">${words}</span>`;
const holds = ({ value }) => toned(...(HOLDS[Number(value)] ?? ["undetermined", "? undetermined"]));

/* Rows of HTML: one statistic of every network, and which statements hold of it. */
function networkRows(rows, statistic, statements, linkTo) {
  const networks = new Map();
  for (const row of rows.filter((one) => [statistic, ...statements].includes(one.statistic))) {
    const key = `${row.latent_dim}/${row.seed}`;
    if (!networks.has(key)) networks.set(key, { key: row });
    networks.get(key)[row.statistic] = row;
  }
  const inOrder = [...networks.values()].sort(
    ({ key: one }, { key: other }) => one.latent_dim - other.latent_dim || one.seed - other.seed,
  );
  return inOrder.map((network) => {
    const { key, [statistic]: own = {} } = network;
    const cells = [
      key.seed,
      brief(own.value),
      brief(own.low) === "–" ? "–" : `${brief(own.low)} to ${brief(own.high)}`,
      own.verdict ? toned(own.verdict, `${MARKS[own.verdict]} ${own.verdict}`) : "–",
      ...statements.map((one) => (network[one] ? holds(network[one]) : "")),
    ];
    const head = key.latent_dim ? `<a href="${linkTo(key)}">${key.latent_dim}</a>` : "all";
    return `<tr><th scope="row">${head}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
}

/* Fill `place` with the networks of a claim, of which `rows` are, by a statistic to be chosen. */
function showNetworks(place, name, rows, linkTo) {
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
  const choice = place.querySelector("select");
  choice.append(...numbers.map((one) => new Option(one === "main" ? place.dataset.main : one, one)));
  if (numbers.includes("main")) choice.value = "main";
  const fill = () => {
    const found = networkRows(rows, choice.value, statements, linkTo);
    place.querySelector("tbody").innerHTML = found.join("");
  };
  choice.addEventListener("change", fill);
  fill();
}
