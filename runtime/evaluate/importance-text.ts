// Importance as text: of each label a table of what is lost, the dearest first.
import { aligned, count, fixed } from "./aligned.ts";
import { type Importance, type Loss, lossOf } from "./importance.ts";

const titles: Readonly<Record<string, string>> = { auc: "AUC", gauc: "GAUC", logloss: "logloss" };

/** What costs this label most first: histories and groups, then features. */
function sorted(losses: readonly Loss[], label: string): Loss[] {
  const all = [...losses].sort((a, b) => lossOf(b, label) - lossOf(a, label));
  return [...all.filter(({ of }) => of !== "feature"), ...all.filter(({ of }) => of === "feature")];
}

export function importanceText({ rows, users, repeats, draws, labels, losses }: Importance): string[] {
  const lines = [
    `importance: what is lost where values are shuffled, on ${count(rows)} rows of ${count(users)} users`,
    `(${repeats === 1 ? "one shuffle" : `mean of ${count(repeats)} shuffles`}; behind each, 95 % of ${count(draws)} samples of users)`,
  ];
  for (const { label, measures } of labels) {
    const names = Object.keys(measures);
    const row = (loss: Loss): string[] => [
      `${loss.of === "feature" ? " " : `${loss.of} `}${loss.name}${loss.among === "behaviours" ? "*" : ""}`,
      ...names.flatMap((name) => {
        const { fall, low, high } = loss.labels[label][name];
        // The table has room for two.
        return name === "logloss" && names.length > 2
          ? [fixed(fall)]
          : [fixed(fall), Number.isFinite(low) ? `${fixed(low)}…${fixed(high)}` : ""];
      }),
    ];
    const head = names.flatMap((name) =>
      name === "logloss" && names.length > 2 ? [titles[name] ?? name] : [titles[name] ?? name, ""],
    );
    lines.push(
      "",
      `${label}: ${names.map((name) => `${titles[name] ?? name} ${fixed(measures[name])}`).join(", ")}`,
      ...aligned([["lost without", ...head], ...sorted(losses, label).map(row)]),
    );
  }
  if (losses.some(({ among }) => among === "behaviours")) {
    lines.push("", "* shuffled among the behaviours of each row's own history, the others among rows");
  }
  return lines;
}
