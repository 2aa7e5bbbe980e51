"""Writes digits.csv.gz: the UCI optical digits (test set, 1,797 images) as scikit-learn 1.9.1 bundles them.

One image a line: 64 pixels of an 8 x 8 image, row by row, whole numbers from 0 (paper) to 16 (ink), then the label.
The same input gives the same bytes.

    pip install scikit-learn==1.9.1
    python make_digits.py ../src/main/resources/dev/loraplus/samples/digits/digits.csv.gz
"""

import gzip
import sys

from sklearn.datasets import load_digits


def main(path):
    digits = load_digits()
    lines = [
        ",".join(str(int(value)) for value in [*pixels, label]) + "\n"
        for pixels, label in zip(digits.data, digits.target)
    ]
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write("".join(lines).encode("ascii"))


if __name__ == "__main__":
    main(sys.argv[1])
