"""Physics of short radar sequences: scattering, motion, waveforms and Tx/Rx pairs."""
