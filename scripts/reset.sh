#!/bin/sh
# Removes ./data after asking. `reset.sh 1` does not ask.
cd "$(dirname "$0")/.." || exit 1

if ! [ -e data ]; then
  echo "there is no ./data: nothing to remove"
  exit 0
fi
if [ "$1" != 1 ]; then
  printf 'Remove ./data with all flags and their history? [y/N] '
  read -r answer
  if [ "$answer" != y ] && [ "$answer" != Y ]; then
    echo "kept"
    exit 1
  fi
fi
rm -rf data
echo "removed ./data"
