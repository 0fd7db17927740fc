// What type a column may have for the use it is put to, and the SQL that brings it to that use or finds the rows that do not fit.

/** What a raw value is used as. */
export type Use = "int64" | "text" | "identity" | "whole" | "number" | "flag" | "tags" | "vector" | "label" | "raw";

export interface Cast {
  /** The expression, cast. */
  readonly sql: string;
  /** A condition that holds for the rows that cannot be cast; null where every row can. */
  readonly bad: string | null;
}

type Family = "small" | "whole" | "huge" | "float" | "boolean" | "text" | "time" | "list" | "null" | "other";

export function familyOf(type: string): Family {
  if (/\[\d*\]$/.test(type)) {
    return "list";
  }
  if (/^U?(TINYINT|SMALLINT)$|^INTEGER$/.test(type)) {
    return "small";
  }
  if (/^(BIGINT|UBIGINT|UINTEGER)$/.test(type)) {
    return "whole";
  }
  if (/^U?HUGEINT$|^BIGNUM$/.test(type)) {
    return "huge";
  }
  if (/^(FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) {
    return "float";
  }
  if (type === "BOOLEAN") {
    return "boolean";
  }
  if (/^(VARCHAR|UUID|JSON|ENUM.*)$/.test(type)) {
    return "text";
  }
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) {
    return "time";
  }
  return type === '"NULL"' ? "null" : "other";
}

/** What is due, in words. */
export const due: Readonly<Record<Use, string>> = {
  int64: "whole numbers of 64 bits",
  text: "texts or whole numbers",
  identity: "texts or whole numbers",
  whole: "whole numbers",
  number: "numbers",
  flag: "true and false, or 1 and 0",
  tags: "lists of texts or of whole numbers",
  vector: "lists of floats",
  label: "numbers, or true and false",
  raw: "texts or numbers",
};

/** Epoch seconds of a date or timestamp; `epoch` alone would drop nanoseconds. */
export function secondsOf(expression: string, type: string): string {
  return type === "TIMESTAMP_NS" ? secondsOfNanoseconds(`epoch_ns(${expression})`) : `epoch(${expression})`;
}

/** The float64 nearest to a whole number of nanoseconds, in seconds: whole numbers of that size would be rounded first. */
export const secondsOfNanoseconds = (whole: string): string =>
  `((${whole} // 1000000000)::DOUBLE + (${whole} % 1000000000)::DOUBLE / 1e9)`;

const tryCast = (expression: string, type: string): Cast => ({
  sql: `CAST(${expression} AS ${type})`,
  bad: `${expression} IS NOT NULL AND TRY_CAST(${expression} AS ${type}) IS NULL`,
});
const plain = (sql: string): Cast => ({ sql, bad: null });

/** How an expression of a database type is brought to its use, or null where its type does not fit. */
export function castTo(use: Use, expression: string, type: string): Cast | null {
  const family = familyOf(type);
  const e = `(${expression})`;
  if (family === "null") {
    return nullOf(use);
  }
  switch (use) {
    case "int64":
      if (family === "small" || family === "whole" || family === "huge") {
        return tryCast(e, "BIGINT");
      }
      if (family === "float") {
        return wholeFloat(e, type, "BIGINT");
      }
      return family === "text" ? wholeText(e) : null;
    case "text":
      if (family === "float") {
        return wholeFloat(e, type, "VARCHAR");
      }
      return ["text", "small", "whole", "huge", "time"].includes(family) ? plain(`CAST(${e} AS VARCHAR)`) : null;
    case "identity":
      if (family === "small" || type === "BIGINT" || type === "UBIGINT") {
        return plain(e);
      }
      if (type === "UINTEGER") {
        return plain(`CAST(${e} AS BIGINT)`);
      }
      if (family === "float") {
        return wholeFloat(e, type, isWideDecimal(type) ? "VARCHAR" : "BIGINT");
      }
      return ["text", "huge", "time"].includes(family) ? plain(`CAST(${e} AS VARCHAR)`) : null;
    case "whole":
      if (family === "small" || type === "BIGINT" || type === "UBIGINT") {
        return plain(e);
      }
      if (family === "whole" || family === "huge") {
        return tryCast(e, "BIGINT");
      }
      if (family === "float") {
        return wholeFloat(e, type, "BIGINT");
      }
      return family === "text" ? wholeText(e) : null;
    case "number":
    case "label":
      if (family === "time") {
        return use === "number" ? plain(secondsOf(e, type)) : null;
      }
      if (family === "boolean") {
        return plain(`CAST(CAST(${e} AS INTEGER) AS DOUBLE)`);
      }
      return family === "list" || family === "other" ? null : tryCast(e, "DOUBLE");
    case "flag":
      if (family === "boolean") {
        return plain(e);
      }
      if (family === "text") {
        return tryCast(e, "BOOLEAN");
      }
      if (!["small", "whole", "float"].includes(family)) {
        return null;
      }
      return {
        sql: `CASE WHEN ${e} IS NULL THEN NULL WHEN ${e} = 1 THEN true WHEN ${e} = 0 THEN false ELSE error('no flag') END`,
        bad: `${e} NOT IN (0, 1)`,
      };
    case "tags": {
      if (family !== "list") {
        return null;
      }
      const inner = familyOf(type.replace(/\[\d*\]$/, ""));
      if (inner === "small" || inner === "whole" || inner === "null") {
        return tryCast(e, "BIGINT[]");
      }
      if (/^(FLOAT|DOUBLE)\[/.test(type)) {
        return wholeFloats(e, type);
      }
      return inner === "text" ? plain(`CAST(${e} AS VARCHAR[])`) : null;
    }
    case "vector":
      return family === "list" || family === "text" ? tryCast(e, "FLOAT[]") : null;
    case "raw":
      if (family === "list" || family === "other") {
        return null;
      }
      if (family === "float") {
        return plain(`CAST(${e} AS DOUBLE)`);
      }
      if (family === "small" || family === "boolean" || type === "BIGINT" || type === "UBIGINT") {
        return plain(e);
      }
      return plain(`CAST(${e} AS VARCHAR)`);
  }
}

const isWideDecimal = (type: string): boolean => Number(/^DECIMAL\((\d+)/.exec(type)?.[1] ?? 0) > 18;

/** Whole numbers that had to be held as floats or decimals, exact or refused; NaN is missing. */
function wholeFloat(e: string, type: string, to: "BIGINT" | "VARCHAR"): Cast {
  const decimal = type.startsWith("DECIMAL");
  const near = decimal
    ? to === "BIGINT"
      ? `TRY_CAST(${e} AS BIGINT) IS NOT NULL`
      : "true"
    : `abs(${e}) < ${type === "FLOAT" ? 2 ** 24 : 2 ** 53}`;
  const there = decimal ? `${e} IS NOT NULL` : `${e} IS NOT NULL AND NOT isnan(${e})`;
  const fits = `${e} = trunc(${e}) AND ${near}`;
  const value = to === "BIGINT" ? `CAST(${e} AS BIGINT)` : `CAST(CAST(${e} AS HUGEINT) AS VARCHAR)`;
  return {
    sql: `CASE WHEN NOT (${there}) THEN NULL WHEN ${fits} THEN ${value} ELSE error('no whole number') END`,
    bad: `${there} AND NOT (${fits})`,
  };
}

/** As `wholeFloat`, of lists. */
function wholeFloats(e: string, type: string): Cast {
  const doubles = `CAST(${e} AS DOUBLE[])`;
  const far = `coalesce(greatest(list_max(${doubles}), -list_min(${doubles})), 0) >= ${type.startsWith("FLOAT") ? 2 ** 24 : 2 ** 53}`;
  const whole = `TRY_CAST(${doubles} AS BIGINT[])`;
  const bad = `${e} IS NOT NULL AND (${far} OR CAST(${whole} AS DOUBLE[]) IS DISTINCT FROM ${doubles})`;
  return { sql: `CASE WHEN ${bad} THEN error('no whole numbers') ELSE ${whole} END`, bad };
}

/** Text that must be the decimal digits of a 64-bit integer: a cast alone would round "1.7" and read 0017 as 17. */
function wholeText(e: string): Cast {
  const fits = `regexp_full_match(trim(${e}), '0|-?[1-9][0-9]*') AND TRY_CAST(${e} AS BIGINT) IS NOT NULL`;
  return {
    sql: `CASE WHEN ${e} IS NULL THEN NULL WHEN ${fits} THEN CAST(${e} AS BIGINT) ELSE error('no whole number') END`,
    bad: `${e} IS NOT NULL AND NOT (${fits})`,
  };
}

function nullOf(use: Use): Cast {
  const types: Readonly<Record<Use, string>> = {
    int64: "BIGINT",
    text: "VARCHAR",
    identity: "VARCHAR",
    whole: "BIGINT",
    number: "DOUBLE",
    label: "DOUBLE",
    flag: "BOOLEAN",
    tags: "VARCHAR[]",
    vector: "FLOAT[]",
    raw: "VARCHAR",
  };
  return plain(`CAST(NULL AS ${types[use]})`);
}
