// JSON texts of ours that carry their own checksum as their last field, so that one flipped digit is no other number.
import { digestOf } from "./digest.ts";

const field = /,\n {2}"checksum": "[^"\n]*"\n\}\n$/;

const seal = (text: string): string =>
  text.replace(/\n\}\n$/, () => `,\n  "checksum": "sha256:${digestOf(text)}"\n}\n`);

/** The text of an object with at least one field; the checksum is the SHA-256 of what is left without it and its comma. */
export const checkedJson = (value: object): string => seal(`${JSON.stringify(value, null, 2)}\n`);

/** Whether a text has a checksum, and it is its own. */
export const isChecked = (text: string): boolean => field.test(text) && seal(text.replace(field, "\n}\n")) === text;
