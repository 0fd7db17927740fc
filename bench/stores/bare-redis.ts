// The opponent of the Redis store: MGET commands pipelined over a bare socket, replies parsed by hand.
import { connect, type Socket } from "node:net";

const [dollar, star, minus, cr] = ["$", "*", "-", "\r"].map((text) => text.charCodeAt(0));

/** Keys of one command, and where each one's row goes. */
export interface Chunk {
  readonly names: readonly string[];
  readonly places: readonly number[];
}

export class BareRedis {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(1 << 23);
  #filled = 0;
  #take: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      if (this.#filled + data.length > this.#buffer.length) {
        this.#buffer = Buffer.concat([this.#buffer, Buffer.alloc(data.length + this.#buffer.length)]);
      }
      data.copy(this.#buffer, this.#filled);
      this.#filled += data.length;
      this.#take?.();
    });
  }

  static open(port: number): Promise<BareRedis> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new BareRedis(socket)));
      socket.setNoDelay(true);
      socket.once("error", reject);
    });
  }

  /** Rows of all chunks into `into`, [places, rowBytes]; a key that is absent is left as it was. */
  read(chunks: readonly Chunk[], into: Buffer, rowBytes: number): Promise<void> {
    let text = "";
    for (const { names } of chunks) {
      text += `*${names.length + 1}\r\n$4\r\nMGET\r\n`;
      for (const name of names) {
        text += `$${name.length}\r\n${name}\r\n`;
      }
    }
    this.#filled = 0;
    let [chunk, i, at] = [0, -1, 0];
    return new Promise((resolve, reject) => {
      this.#take = () => {
        const buffer = this.#buffer;
        while (chunk < chunks.length) {
          const end = buffer.indexOf(cr, at);
          if (end < 0 || end + 2 > this.#filled) {
            return;
          }
          if (i < 0) {
            if (buffer[at] !== star) {
              return reject(new Error(buffer.toString("latin1", at, end)));
            }
            i = 0;
            at = end + 2;
          } else if (buffer[at] === dollar && buffer[at + 1] === minus) {
            i++;
            at = end + 2;
          } else {
            if (end + 4 + rowBytes > this.#filled) {
              return;
            }
            buffer.copy(into, chunks[chunk].places[i] * rowBytes, end + 2, end + 2 + rowBytes);
            i++;
            at = end + 4 + rowBytes;
          }
          if (i === chunks[chunk].names.length) {
            chunk++;
            i = -1;
          }
        }
        this.#take = null;
        resolve();
      };
      this.#socket.write(text, "latin1");
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
