/* A data app: a table goes to pandas on a host, and what comes back is drawn. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { local, RemoteClient, ssh, Table } from "sremote";

const [host = "local"] = process.argv.slice(2);
const python = process.env["PYTHON"];
const client = new RemoteClient(host === "local" ? local() : ssh(host), python === undefined ? {} : { python });
client.ship(fileURLToPath(new URL("weather.py", import.meta.url)));

/** A year of temperatures, of which every ninth was not measured. */
function measurements(): Table {
  const days = Array.from({ length: 365 }, (_, index) => new Date(Date.UTC(2026, 0, 1 + index)));
  const celsius = days.map((_, index) =>
    index % 9 === 8 ? null : 10 - 12 * Math.cos((2 * Math.PI * index) / 365) + 4 * Math.sin(index * 1.7),
  );
  return new Table({ day: days, celsius });
}

interface Month {
  month: number;
  mean: number;
  min: number;
  max: number;
  count: number;
}

async function months(): Promise<Month[]> {
  if (!(await client.isModuleInstalled("pandas"))) await client.installPackages(["pandas"]);
  const { value } = await client.doRemoteCall("weather", "monthly", [measurements()]);
  if (!(value instanceof Table)) throw new Error("weather.monthly returned no table");
  return [...value].map((row) => ({
    month: Number(row["month"]),
    mean: Number(row["mean"]),
    min: Number(row["min"]),
    max: Number(row["max"]),
    count: Number(row["count"]),
  }));
}

function draw(rows: readonly Month[]): string {
  const [width, height, low, high] = [640, 320, -10, 30];
  const x = (month: number): number => ((month - 0.5) / 12) * width;
  const y = (celsius: number): number => height - ((celsius - low) / (high - low)) * height;
  const ranges = rows.map(
    ({ month, min, max }) => `<line x1="${x(month)}" x2="${x(month)}" y1="${y(min)}" y2="${y(max)}" stroke="#9bc" stroke-width="12"/>`,
  );
  const dots = rows.map(
    ({ month, mean, count }) =>
      `<circle cx="${x(month)}" cy="${y(mean)}" r="5"><title>month ${month}: ${mean} °C, ${count} days</title></circle>`,
  );
  const zero = `<line x1="0" x2="${width}" y1="${y(0)}" y2="${y(0)}" stroke="#ccc"/>`;
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="temperatures by month">${zero}${ranges.join("")}${dots.join("")}</svg>`;
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const server = createServer((request, response) => {
  months().then(
    (rows) => {
      if (request.url === "/months.json") return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(rows));
      const page = `<!doctype html><meta charset="utf-8"><title>Temperatures</title><h1>Temperatures by month</h1>${draw(rows)}`;
      return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
    },
    (error: unknown) => response.writeHead(500, { "content-type": "text/html; charset=utf-8" }).end(`<pre>${escape(String(error))}</pre>`),
  );
});
server.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port} draws what pandas on ${host} makes of a table; Ctrl-C ends it`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
    client.close().then(() => process.exit(0), console.error);
  });
}
