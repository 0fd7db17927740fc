// Dates written as digits alone, which a column of whole numbers may hold: 20180630123000.

const [month, day] = ["(0[1-9]|1[0-2])", "(0[1-9]|[12]\\d|3[01])"];
const [hour, sixty] = ["([01]\\d|2[0-3])", "[0-5]\\d"];
const date = `(19|20)\\d\\d${month}${day}`;

const forms = [
  [date, "%Y%m%d"],
  [`${date}${hour}`, "%Y%m%d%H"],
  [`${date}${hour}${sixty}`, "%Y%m%d%H%M"],
  [`${date}${hour}${sixty}${sixty}`, "%Y%m%d%H%M%S"],
  [`\\d\\d${month}${day}${hour}`, "%y%m%d%H"],
].map(([digits, format]) => ({ digits: new RegExp(`^${digits}$`), format }));

/** How such a number is written, as `strptime` takes it; null where it is no date. */
export const formOfDigits = (value: number): string | null =>
  forms.find(({ digits }) => digits.test(String(value)))?.format ?? null;
