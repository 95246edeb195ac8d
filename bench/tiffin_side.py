measures = []
