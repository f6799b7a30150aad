"""Colours of plots, apart for colour-blind eyes too."""

BLUE, ORANGE, GREEN, GREY, LIGHT_GREY = "#0072b2", "#e69f00", "#009e73", "#999999", "#bbbbbb"
