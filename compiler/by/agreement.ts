// The rules of kinds by which a behaviour counts when its item agrees with the candidate in a feature, and none counts more.
import { matching } from "../lower/match.ts";
import type { Feature } from "../model/model.ts";
import type { AttendRule, KindName, Of, SearchRule } from "./kind.ts";
import { pooledBy } from "./pool.ts";

/**
 * @param name of the kind: the scope of what it writes
 * @param shared the feature whose rows must agree
 */
export function agreeing<K extends KindName>(
  name: string,
  shared: (by: Of<K>) => Feature,
): { readonly search: SearchRule<K>; readonly attend: AttendRule<K> } {
  return {
    search: {
      fits: (scene, search, by, frame) => matching(scene, shared(by), frame, `${search.name}/${name}`),
    },
    attend: {
      /** The mean of K = [K_h, K_c] over the behaviours that count and agree: [R, H + C]; zeros where there is none. */
      lower: (scene, attend, by, { frame, mask }) => {
        const scope = `${attend.name}/${name}`;
        const feature = shared(by);
        const b = scene.b.at(scope, feature.doc);
        const agrees = matching(scene, feature, frame, scope);
        const counted = b.mul(agrees, mask([]));
        const all = b.sum(counted, frame.headed ? [0, -1] : [-1], true);
        const weights = b.div(counted, b.maximum(all, b.scalar(1)));
        return pooledBy(scene, attend, frame, { weights, scores: agrees });
      },
    },
  };
}
