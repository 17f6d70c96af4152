#!/bin/sh
# How the stand-in is to behave: `look` sets $behaviour to the word in the first file found, "healthy" where none is.

look() {
  behaviour=
  for folder in /behaviour /model /models; do
    if [ -r "$folder/behaviour" ]; then
      read -r behaviour <"$folder/behaviour"
      break
    fi
  done
  behaviour=${behaviour:-healthy}
}
