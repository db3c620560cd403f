import type { Paper } from "../../layout/paper.ts";
import { toAmounts } from "./amounts.ts";
import type { Invoice } from "./template.ts";

const FAINT = "#667080";

export function renderInvoice(paper: Paper, invoice: Invoice): void {
  drawHead(paper, invoice);
  const { locale = "en", currency, positions } = invoice;
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const amounts = toAmounts(invoice, digits);
  const money = (units: number) => format.format(units / 10 ** digits);
  const price = new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    maximumFractionDigits: 6,
  });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });

  paper.table(
    [
      { title: "#", width: 0.06 },
      { title: "Description", width: 0.4 },
      { title: "Quantity", width: 0.14, align: "right" },
      { title: "Price", width: 0.16, align: "right" },
      { title: "Tax", width: 0.08, align: "right" },
      { title: "Amount", width: 0.16, align: "right" },
    ],
    positions.map(({ description, quantity, unit = "", unitPrice, taxRate }, i) => [
      `${i + 1}`,
      description,
      `${number.format(quantity)} ${unit}`.trim(),
      price.format(unitPrice),
      `${number.format(taxRate)} %`,
      money(amounts.positions[i] ?? 0),
    ]),
  );

  // The totals stay together.
  paper.reserve(80 + 18 * amounts.taxes.length);
  paper.space(12);
  const right = { align: "right" } as const;
  paper.text(`Net  ${money(amounts.net)}`, right);
  for (const { rate, amount } of amounts.taxes)
    paper.text(`Tax ${number.format(rate)} %  ${money(amount)}`, right);
  paper.space(4);
  paper.text(`Total  ${money(amounts.total)}`, { ...right, font: "bold", size: 13 });
  if (invoice.note === undefined) return;
  paper.space(24);
  paper.text(invoice.note);
}

function drawHead(paper: Paper, { number, date, due, from, to }: Invoice): void {
  paper.text([from.name, ...from.address].join(" · "), { size: 8, colour: FAINT });
  paper.space(28);
  paper.text(to.name, { font: "bold" });
  for (const line of to.address) paper.text(line);
  paper.space(28);
  paper.text(`Invoice ${number}`, { font: "bold", size: 18 });
  paper.space(2);
  paper.text(due === undefined ? date : `${date}, due ${due}`, { colour: FAINT });
  paper.space(16);
}
