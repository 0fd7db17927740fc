// Rows of tables, items and embeddings in a Redis.
export { addressText, loginOf, parseAddress, type RedisLogin } from "./address.ts";
export { openRedis, type RedisLink, type RedisTimes } from "./client.ts";
export type { Expected } from "./meta.ts";
export { expectOwnWeights, type Published, parsePublished } from "./published.ts";
export { type OpenPublished, openPublished } from "./published-generation.ts";
export { type RowsOf, rowsOfEmbedding, rowsOfItems, rowsOfTable } from "./published-spaces.ts";
export { RedisRows } from "./redis-rows.ts";
export { removeSpaces, type SpaceName, spaceText } from "./remover.ts";
export type { RowsIdentity, Space } from "./space.ts";
export { allot, begun, finish, type Planned, writeRows } from "./writer.ts";
