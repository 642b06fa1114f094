/* The charts of the explorer. Counts of a model's eigenvalues become data and layout for Plotly. */
"use strict";

const JACOBIANS = { input: "J<sub>I</sub>", latent: "J<sub>L</sub>" };
const SYMBOLS = { input: "circle", latent: "square" };
const total = (counts) => counts.reduce((sum, count) => sum + count, 0);
const shares = (counts, all) => counts.map((count) => (all ? count / all : null));
const middles = (edges) => edges.slice(1).map((edge, index) => (edge + edges[index]) / 2);
const axis = (text, others) => ({ title: { text }, ...others });
const LEGEND = { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" };

/* Charts by name of one data set of a model, before what the model does on its training set. */
function explorerCharts(content, training, page, isDark) {
  return {
    plane_input: plane(content, "input", page, isDark),
    plane_latent: plane(content, "latent", page, isDark),
    modulus_by_index: moduliByIndex(content, training, page),
    log_modulus: distribution(content, training, "log_abs", page.log_modulus_edges, page, {
      xaxis: axis("ln |λ|"),
    }),
    angle: distribution(content, training, "abs_arg", page.angle_edges, page, {
      xaxis: axis("|arg λ| (rad)", {
        tickvals: [0, 1, 2, 3, 4].map((quarter) => (quarter * Math.PI) / 4),
        ticktext: ["0", "π/4", "π/2", "3π/4", "π"],
      }),
    }),
    difference: differences(content),
  };
}

/* Give two charts of one name, side by side, the same axes and scale of colours. */
function align(pair) {
  for (const name of ["x", "y"]) {
    const axes = pair.map(({ layout }) => layout[`${name}axis`]);
    const isLog = axes[0].type === "log";
    const values = pair
      .flatMap(({ data }) => data.flatMap((trace) => trace[name]))
      .filter((value) => Number.isFinite(value) && (!isLog || value > 0));
    if (!values.length) continue;
    const ends = [Math.min(...values), Math.max(...values)];
    const [low, high] = isLog ? ends.map(Math.log10) : ends;
    const margin = 0.04 * (high - low || 1);
    const range = [axes[0].rangemode === "tozero" ? 0 : low - margin, high + margin];
    for (const one of axes) one.range = range;
  }
  const traces = pair.map(({ data }) => data[0]);
  const { zmax, colorbar } = traces.reduce((one, other) => (other.zmax > one.zmax ? other : one));
  if (zmax !== undefined) for (const trace of traces) Object.assign(trace, { zmax, colorbar });
}

/* Rows of the view count |Im|: each but the first stands for two rows of the plane. */
function plane(content, jacobian, page, isDark) {
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
        zmin: 0, zmax: highest, colorscale: "Cividis", reversescale: !isDark,
        hovertemplate: "λ ≈ %{x:.2f} + %{y:.2f} i: ≈ %{customdata}<extra></extra>",
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

function moduliByIndex(content, training, page) {
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

function distribution(content, training, quantity, edges, page, layout) {
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
