"""Logistic regression and gradient boosting on rows that Twin exported: the opponents of bench/gate.ts.

opponents.py ROWS SEEDS OUT: settings are chosen by the AUC of the validation part, which also stops the boosting; OUT gets the
test part's rows with a log-odds a system and seed. Prints a JSON object a line: what was chosen, and the versions.
"""

import json
import sys

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sklearn
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rows, seeds, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
table = pq.read_table(rows)
column = {name: table[name] for name in table.column_names}
part = column["part"].to_numpy()
label = column["label"].to_numpy()
parts = [np.flatnonzero((part == name) & ~np.isnan(label)) for name in ("training", "validation", "test")]
training, validation, test = parts

numbers = np.stack([column[name].to_numpy() for name in column if name.startswith("n.")], axis=1)
rows_of = {name: column[name].to_numpy() for name in column if name.startswith("c.")}
tags = {}
for name in sorted({name.rsplit(".", 1)[0] for name in column if name.startswith("t.")}):
    held = [column[one].to_numpy() for one in column if one.startswith(f"{name}.")]
    each = sparse.lil_matrix((len(label), 1 + max(one.max() for one in held)), dtype=np.float32)
    for rows_held in held:
        known = rows_held > 0
        each[np.flatnonzero(known), rows_held[known]] = 1
    tags[name] = each.tocsr()


def logistic():
    """Numbers to mean 0 and deviation 1; rows and tags one-hot."""
    scaled = StandardScaler().fit(numbers[training]).transform(numbers)
    wide = [sparse.csr_matrix(scaled), *tags.values()]
    if rows_of:
        stacked = np.stack(list(rows_of.values()), axis=1)
        wide.append(OneHotEncoder(handle_unknown="ignore").fit(stacked[training]).transform(stacked))
    x = sparse.hstack(wide).tocsr()
    best = None
    for c in (0.003, 0.01, 0.03, 0.1, 1.0):
        model = LogisticRegression(C=c, max_iter=2000).fit(x[training], label[training])
        auc = roc_auc_score(label[validation], model.decision_function(x[validation]))
        if best is None or auc > best[0]:
            best = (auc, c, model)
    print(json.dumps({"logistic regression": {"C": best[1], "validation_auc": best[0]}}), flush=True)
    return best[2].decision_function(x[test])


def boosting():
    names = list(rows_of)
    dense = [numbers, *[matrix.toarray() for matrix in tags.values()]]
    first = sum(matrix.shape[1] for matrix in dense)
    x = np.concatenate([*dense, *[rows_of[name][:, None].astype(np.float64) for name in names]], axis=1)
    categories = list(range(first, x.shape[1]))

    def grown(settings, seed):
        data = lightgbm.Dataset(x[training], label[training], categorical_feature=categories, free_raw_data=False)
        held = lightgbm.Dataset(x[validation], label[validation], reference=data)
        fixed = {
            "objective": "binary",
            "metric": "auc",
            "learning_rate": 0.05,
            "feature_fraction": 0.8,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "num_threads": 2,
            "verbose": -1,
            "seed": seed,
        }
        stop = lightgbm.early_stopping(50, verbose=False)
        model = lightgbm.train({**fixed, **settings}, data, 3000, valid_sets=[held], callbacks=[stop])
        return model.best_score["valid_0"]["auc"], model

    best = None
    for leaves in (15, 63):
        for least in (50, 300):
            for smooth in (10, 100):
                settings = {"num_leaves": leaves, "min_data_in_leaf": least, "cat_smooth": smooth}
                auc, _ = grown(settings, 0)
                if best is None or auc > best[0]:
                    best = (auc, settings)
    print(json.dumps({"gradient boosting": {**best[1], "validation_auc": best[0]}}), flush=True)
    return [grown(best[1], seed)[1].predict(x[test], raw_score=True) for seed in range(1, seeds + 1)]


found = {"row": column["row"].to_numpy()[test], "logistic.1": logistic()}
for seed, scores in enumerate(boosting(), start=1):
    found[f"boosting.{seed}"] = scores
pq.write_table(pa.table(found), out)
print(json.dumps({"versions": {"scikit-learn": sklearn.__version__, "lightgbm": lightgbm.__version__}}), flush=True)
