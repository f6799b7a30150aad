"""From pictures to a trained network and its .tflite; of the kit only this station and the workshop import TensorFlow.

- `datasets`: pictures with known answers, real or drawn
- `models`, `structure`: networks as Keras models; a model as a list of layer calls
- `training`: fit, fine-tune, distil
- `pruning`: channels and weights scored and taken out
- `aware`, `aware_layers`: quantization-aware training
- `simulate`: a network run layer by layer, with its weights and activations rounded on the way
- `convert`, `samples`, `sources`: Keras → .tflite; samples for its calibration; Keras models out of files
- `framework`: TensorFlow and Keras, quietly
"""
